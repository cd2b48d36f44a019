#pragma once

// The part of libuv that the server uses, on poll(2), for the native tests: one turn at a time, phases in libuv's order, everything
// on the test's thread but `uv_async_send`. Misuse that libuv would not forgive ends the program. The real libuv is under
// test/network.

#include <atomic>
#include <cstdint>
#include <unordered_set>
#include <vector>

struct uv_handle_t;
using uv_close_cb = void (*)(uv_handle_t*);

struct uv_loop_t {
  std::vector<uv_handle_t*> handles;  ///< initialised and not closed, in order
  std::unordered_set<int> polledFds;
  std::vector<uv_handle_t*> closing;
  /// Shuffles the order in which ready sockets are told; 0: the order of their descriptors' first use.
  std::uint64_t shuffle = 0;
  std::uint64_t turns = 0;
  std::uint64_t polled = 0;  ///< poll callbacks called
};

enum class FakeHandle : std::uint8_t { kNone, kPoll, kCheck, kIdle, kAsync, kTimer };

struct uv_handle_t {
  void* data = nullptr;
  uv_loop_t* loop = nullptr;
  uv_close_cb close_cb = nullptr;
  FakeHandle kind = FakeHandle::kNone;
  bool active = false;
  bool closing = false;
};

struct uv_poll_t : uv_handle_t {
  void (*poll_cb)(uv_poll_t*, int status, int events) = nullptr;
  int fd = -1;
  int events = 0;
};
struct uv_check_t : uv_handle_t {
  void (*callback)(uv_check_t*) = nullptr;
};
struct uv_idle_t : uv_handle_t {
  void (*callback)(uv_idle_t*) = nullptr;
};
struct uv_async_t : uv_handle_t {
  void (*callback)(uv_async_t*) = nullptr;
  std::atomic<bool> sent{false};
};
struct uv_timer_t : uv_handle_t {
  void (*callback)(uv_timer_t*) = nullptr;
  std::uint64_t afterMs = 0;
};

constexpr int UV_READABLE = 1;
constexpr int UV_WRITABLE = 2;
constexpr int UV_DISCONNECT = 4;

int uv_poll_init(uv_loop_t* loop, uv_poll_t* handle, int fd);
int uv_poll_start(uv_poll_t* handle, int events, void (*callback)(uv_poll_t*, int, int));
int uv_poll_stop(uv_poll_t* handle);
int uv_check_init(uv_loop_t* loop, uv_check_t* handle);
int uv_check_start(uv_check_t* handle, void (*callback)(uv_check_t*));
int uv_idle_init(uv_loop_t* loop, uv_idle_t* handle);
int uv_idle_start(uv_idle_t* handle, void (*callback)(uv_idle_t*));
int uv_idle_stop(uv_idle_t* handle);
int uv_async_init(uv_loop_t* loop, uv_async_t* handle, void (*callback)(uv_async_t*));
int uv_async_send(uv_async_t* handle);
int uv_timer_init(uv_loop_t* loop, uv_timer_t* handle);
int uv_timer_start(uv_timer_t* handle, void (*callback)(uv_timer_t*), std::uint64_t afterMs, std::uint64_t repeatMs);
int uv_timer_stop(uv_timer_t* handle);
void uv_close(uv_handle_t* handle, uv_close_cb callback);
int uv_is_closing(const uv_handle_t* handle);
void uv_unref(uv_handle_t* handle);

/// One turn: idle, poll, asyncs, check, closing. Waits `waitMs` for a socket when nothing else is to do.
void fakeTurn(uv_loop_t* loop, int waitMs = 0);
/// All timers that are started are due: time is not looked at. Returns how many there were.
int fakeTimers(uv_loop_t* loop);
