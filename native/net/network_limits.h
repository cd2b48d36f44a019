#pragma once

#include "connection_quotas.h"
#include "egress_ledger.h"
#include "request_budget.h"

namespace millrace {

/// What the listeners of one broker share: limits, and the counters that are kept over all of them.
struct NetworkLimits {
  RequestBudget requests;
  ConnectionQuotas connections;
  EgressLedger egress;
  /// Rises when anything changes that JavaScript may have decided an answer by: a `RepeatedFetch` of before holds no longer.
  std::uint64_t decisions = 0;
  std::uint64_t requestsRepeated = 0;  ///< answered without JavaScript
};

}  // namespace millrace
