#include "log.h"

namespace millrace {

Status Log::moveTo(std::string directory) {
  settleSwap();
  return folder_->rename(fs_, std::move(directory));
}

}  // namespace millrace
