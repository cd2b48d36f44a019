#pragma once

#include "connection_quotas.h"
#include "request_budget.h"

namespace millrace {

/// What the listeners of one broker share.
struct NetworkLimits {
  RequestBudget requests;
  ConnectionQuotas connections;
};

}  // namespace millrace
