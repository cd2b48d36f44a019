#pragma once

#include <cstddef>
#include <cstdint>
#include <list>

namespace millrace {

/// How many requests, and how many bytes of them, one broker has taken from its sockets and not yet begun to process
/// (`queued.max.requests`, `queued.max.request.bytes`). As in Kafka a request counts with its whole announced length from the moment
/// its length is known, so what was let in can always be finished; and it is let in while anything is left, so that a request
/// larger than the budget gets through when it is alone.
///
/// Connections that find no room wait in line and get one request each per round. Shared by all listeners; loop thread only.
class RequestBudget {
 public:
  class Waiter {
   public:
    /// May take one request now.
    virtual void onTurn() = 0;
    [[nodiscard]] bool waiting() const noexcept { return line_ != nullptr; }

   protected:
    Waiter() = default;
    ~Waiter() = default;

   private:
    friend class RequestBudget;
    std::list<Waiter*>* line_ = nullptr;
    std::list<Waiter*>::iterator place_;
  };

  static constexpr std::size_t kNoLimit = SIZE_MAX;

  void configure(std::uint32_t maxRequests, std::size_t maxBytes) noexcept {
    maxRequests_ = maxRequests;
    maxBytes_ = maxBytes;
  }

  /// Whether a new request may be let in by somebody who is not in line.
  [[nodiscard]] bool open() const noexcept { return forRoom_.empty() && room(); }
  /// Whether a request that was let in may be handed over.
  [[nodiscard]] bool hasSlot() const noexcept { return requests_ < maxRequests_; }

  /// The length of a request is known.
  void reserve(std::size_t bytes) noexcept {
    bytes_ += bytes;
    if (bytes_ > peakBytes_) peakBytes_ = bytes_;
  }
  /// A request will not be completed.
  void unreserve(std::size_t bytes) noexcept { bytes_ -= bytes; }
  /// A reserved request is handed over.
  void take() noexcept {
    if (++requests_ > peakRequests_) peakRequests_ = requests_;
  }
  /// A request that was taken is done with.
  void release(std::size_t bytes) noexcept {
    --requests_;
    bytes_ -= bytes;
  }

  /// To the end of the line. `reserved`: the request is let in already and only its slot is missing.
  void wait(Waiter& waiter, bool reserved) {
    if (waiter.waiting()) return;
    ++waits_;
    waiter.line_ = reserved ? &forSlot_ : &forRoom_;
    waiter.place_ = waiter.line_->insert(waiter.line_->end(), &waiter);
  }
  void forget(Waiter& waiter) {
    if (!waiter.waiting()) return;
    waiter.line_->erase(waiter.place_);
    waiter.line_ = nullptr;
  }
  [[nodiscard]] bool anyWaiting() const noexcept { return !forSlot_.empty() || !forRoom_.empty(); }
  [[nodiscard]] bool canServe() const noexcept { return (!forSlot_.empty() && hasSlot()) || (!forRoom_.empty() && room()); }
  /// Gives turns to those who wait, first come first served, as long as there is room. Who has more goes to the end of the line.
  void serve() {
    while (canServe()) {
      Waiter& next = *(!forSlot_.empty() ? forSlot_ : forRoom_).front();
      forget(next);
      next.onTurn();
    }
  }

  [[nodiscard]] std::uint32_t requests() const noexcept { return requests_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::uint32_t peakRequests() const noexcept { return peakRequests_; }
  [[nodiscard]] std::size_t peakBytes() const noexcept { return peakBytes_; }
  /// How often somebody had to wait.
  [[nodiscard]] std::uint64_t waits() const noexcept { return waits_; }

 private:
  [[nodiscard]] bool room() const noexcept { return requests_ < maxRequests_ && bytes_ < maxBytes_; }

  std::uint32_t maxRequests_ = UINT32_MAX;
  std::size_t maxBytes_ = kNoLimit;
  std::uint32_t requests_ = 0;
  std::size_t bytes_ = 0;
  std::uint32_t peakRequests_ = 0;
  std::size_t peakBytes_ = 0;
  std::uint64_t waits_ = 0;
  std::list<Waiter*> forSlot_;  ///< let in, complete or not
  std::list<Waiter*> forRoom_;
};

}  // namespace millrace
