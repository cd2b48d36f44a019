#include "connection_quotas.h"

#include <algorithm>
#include <utility>

namespace millrace {

void ConnectionQuotas::remove(Listener& listener) { std::erase(listeners_, &listener); }

void ConnectionQuotas::configure(Limits limits) {
  limits_ = std::move(limits);
  shedExcess();
  tell();
}

bool ConnectionQuotas::open(const std::string& ip) {
  ++total_;
  const std::uint32_t count = ++perIp_[ip];
  const auto own = limits_.perIpOverrides.find(ip);
  return count <= (own == limits_.perIpOverrides.end() ? limits_.maxConnectionsPerIp : own->second);
}

void ConnectionQuotas::close(const std::string& ip) {
  --total_;
  const auto counted = perIp_.find(ip);
  if (--counted->second == 0) perIp_.erase(counted);
  tell();
}

void ConnectionQuotas::shedExcess() {
  while (total_ > limits_.maxConnections) {
    Listener* chosen = nullptr;
    std::uint64_t oldest = UINT64_MAX;
    for (Listener* const listener : listeners_) {
      const std::uint64_t activity = listener->oldestActivity();
      if (activity < oldest) {
        chosen = listener;
        oldest = activity;
      }
    }
    if (chosen == nullptr) return;
    chosen->closeOldest();
  }
}

void ConnectionQuotas::tell() {
  for (Listener* const listener : listeners_) listener->onQuotas();
}

}  // namespace millrace
