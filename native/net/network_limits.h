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
};

}  // namespace millrace
