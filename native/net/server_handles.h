#pragma once

#include <uv.h>

#include "server.h"

namespace millrace {

/// The loop handles of the server itself. `check` runs right after the poll phase: there events are delivered. `idle` runs only
/// while connections wait to go on (their limits were lifted outside of a delivery).
struct Server::Handles {
  uv_poll_t accept{};
  uv_check_t check{};
  uv_idle_t idle{};
  uv_async_t loaded{};
  uv_timer_t retry{};
  bool open = false;       ///< until `stopAccepting`
  bool accepting = false;  ///< the accept poll is started
};

}  // namespace millrace
