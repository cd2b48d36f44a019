#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace {

/// Counters of what left by which way, and what it cost. One set per listener, and one per topic and client. "Records" are the
/// regions of segment files and the memory that stands beside them in a response.
struct EgressStatistics {
  std::uint64_t bytesFromMemory = 0;
  std::uint64_t bytesCopied = 0;    ///< region bytes read into memory and written
  std::uint64_t bytesSendfile = 0;  ///< region bytes handed from the page cache to the socket
  std::uint64_t sendCalls = 0;
  std::uint64_t sendfileCalls = 0;
  std::uint64_t preadCalls = 0;
  std::uint64_t coldStops = 0;        ///< times a response waited for its bytes to be read from the medium
  std::uint64_t bytesCopiedCold = 0;  ///< of bytesCopied: a thread had to read them from the medium first
  std::uint64_t bytesLoaded = 0;      ///< asked of that thread, whichever way they left
  std::uint64_t answers = 0;          ///< responses with records, once their first region was sent whole
  std::uint64_t regions = 0;          ///< sent whole
  std::uint64_t recordSendCalls = 0;  ///< of sendCalls: those with records, or with the memory beside them
  std::uint64_t repeats = 0;          ///< looks at a partition that JavaScript has not counted: a `RepeatedFetch` was answered
  std::uint64_t bytesRepeated = 0;    ///< what these found

  EgressStatistics& operator+=(const EgressStatistics& other) noexcept {
    bytesFromMemory += other.bytesFromMemory;
    bytesCopied += other.bytesCopied;
    bytesSendfile += other.bytesSendfile;
    sendCalls += other.sendCalls;
    sendfileCalls += other.sendfileCalls;
    preadCalls += other.preadCalls;
    coldStops += other.coldStops;
    bytesCopiedCold += other.bytesCopiedCold;
    bytesLoaded += other.bytesLoaded;
    answers += other.answers;
    regions += other.regions;
    recordSendCalls += other.recordSendCalls;
    repeats += other.repeats;
    bytesRepeated += other.bytesRepeated;
    return *this;
  }
};

/// Counters by account. An account is a number that whoever sends carries along: the row in the low bits, above them how often
/// the row was used before. What comes for an account that is closed meanwhile counts for `kOther`.
class EgressTable {
 public:
  static constexpr std::uint32_t kOther = 0;
  static constexpr std::uint32_t kRowBits = 20;

  /// kOther when there are too many.
  [[nodiscard]] std::uint32_t open() {
    if (!free_.empty()) {
      const std::uint32_t row = free_.back();
      free_.pop_back();
      return rows_[row].account;
    }
    if (rows_.size() >> kRowBits != 0) return kOther;
    const auto account = static_cast<std::uint32_t>(rows_.size());
    rows_.push_back({{}, account});
    return account;
  }

  /// Its counts become those of kOther.
  void close(std::uint32_t account) {
    const std::uint32_t row = account & kRowMask;
    if (row == kOther || row >= rows_.size() || rows_[row].account != account) return;
    rows_[kOther].counted += rows_[row].counted;
    rows_[row] = {{}, account + (1u << kRowBits)};
    free_.push_back(row);
  }

  [[nodiscard]] EgressStatistics& at(std::uint32_t account) noexcept {
    const std::uint32_t row = account & kRowMask;
    return row < rows_.size() && rows_[row].account == account ? rows_[row].counted : rows_[kOther].counted;
  }

 private:
  static constexpr std::uint32_t kRowMask = (1u << kRowBits) - 1;
  struct Row {
    EgressStatistics counted;
    std::uint32_t account = kOther;
  };
  std::vector<Row> rows_{Row{}};
  std::vector<std::uint32_t> free_;
};

/// What left a broker, by topic and by client.
struct EgressLedger {
  EgressTable topics;
  EgressTable clients;
};

}  // namespace millrace
