#pragma once

#include <sys/types.h>

#include <cerrno>
#include <cstdint>
#include <utility>
#include <vector>

#include "harness.h"

/// The engine's calls on sockets come through here (`--wrap` in run.mjs): a test sees them, and says what they take and give.
struct FakeSocket {
  enum class Mode : std::uint8_t {
    kReal,    ///< calls are only written down
    kFaked,   ///< no socket: `takes` and `failWith` say what a send takes, `received` is what arrived
    kFaulty,  ///< the real socket, but calls fail with EAGAIN or EINTR, and take or give less than they could
  };
  struct Call {
    enum class Kind : std::uint8_t { kSend, kSendfile, kReceive, kAccept };
    Kind kind;
    int flags;
    ssize_t result;
  };
  using Kind = Call::Kind;

  Mode mode = Mode::kReal;
  std::vector<std::size_t> takes;  ///< bytes each call takes; 0: EAGAIN; when used up everything is taken
  std::size_t call = 0;
  int failWith = 0;    ///< errno of the next send
  int failAccept = 0;  ///< errno of every accept
  std::vector<std::uint8_t> received;

  bool recording = false;
  std::vector<Call> calls;

  harness::Random random{1};
  unsigned faultPercent = 0;  ///< of each fault, when kFaulty

  [[nodiscard]] std::size_t count(Kind kind) const {
    std::size_t found = 0;
    for (const Call& one : calls) found += one.kind == kind ? 1 : 0;
    return found;
  }
  bool strikes() { return random.below(100) < faultPercent; }
  ssize_t note(Kind kind, int flags, ssize_t result) {
    const int code = errno;
    if (recording) calls.push_back({kind, flags, result});
    errno = code;
    return result;
  }
  /// Bytes of the next faked send, or -1 with errno.
  ssize_t next(std::size_t offered);
};

[[nodiscard]] FakeSocket& fake();
