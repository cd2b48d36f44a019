#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace millrace {

/// Connections of one broker, over all its listeners: `max.connections`, `max.connections.per.ip` and its overrides. As in Kafka a
/// full broker does not refuse: it stops accepting until a connection ends. Only a limit that was lowered, or a protected listener that may
/// go above it, closes connections, the least recently used first. One address too many is refused. Loop thread only.
class ConnectionQuotas {
 public:
  static constexpr std::uint32_t kNoLimit = UINT32_MAX;

  struct Limits {
    std::uint32_t maxConnections = kNoLimit;
    std::uint32_t maxConnectionsPerIp = kNoLimit;
    std::unordered_map<std::string, std::uint32_t> perIpOverrides;
  };

  /// A listener that counts here.
  class Listener {
   public:
    /// Slots may have become free, or the limits have changed.
    virtual void onQuotas() = 0;
    /// When its least recently used connection was active last; UINT64_MAX when it has none to give up.
    [[nodiscard]] virtual std::uint64_t oldestActivity() const = 0;
    virtual void closeOldest() = 0;

   protected:
    Listener() = default;
    ~Listener() = default;
  };

  void add(Listener& listener) { listeners_.push_back(&listener); }
  void remove(Listener& listener);
  void configure(Limits limits);

  [[nodiscard]] bool slotFree() const noexcept { return total_ < limits_.maxConnections; }
  /// Counts a connection. False: its address has too many (it counts all the same, until `close`).
  [[nodiscard]] bool open(const std::string& ip);
  void close(const std::string& ip);
  /// Closes the least recently used connections until the limit is kept.
  void shedExcess();
  /// Orders what connections do: larger is later.
  [[nodiscard]] std::uint64_t nextActivity() noexcept { return ++activity_; }
  [[nodiscard]] std::uint32_t total() const noexcept { return total_; }

 private:
  void tell();

  Limits limits_;
  std::vector<Listener*> listeners_;
  std::unordered_map<std::string, std::uint32_t> perIp_;
  std::uint32_t total_ = 0;
  std::uint64_t activity_ = 0;
};

}  // namespace millrace
