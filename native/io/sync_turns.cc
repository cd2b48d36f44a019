#include "sync_turns.h"

namespace millrace {

SyncTurns::Sync::Sync(SyncTurns& turns, dev_t device) : place_(turns.placeOf(device)) {
  const std::lock_guard lock(place_.mutex);
  ++place_.underWay;
}

SyncTurns::Sync::~Sync() {
  {
    const std::lock_guard lock(place_.mutex);
    --place_.underWay;
  }
  place_.ended.notify_all();
}

void SyncTurns::letSyncsPass(dev_t device) {
  Place& place = placeOf(device);
  std::unique_lock lock(place.mutex);
  if (place.underWay == 0) return;
  ++place.waits;
  (void)place.ended.wait_for(lock, mostWait_, [&place] { return place.underWay == 0; });
}

std::uint64_t SyncTurns::waits(dev_t device) {
  Place& place = placeOf(device);
  const std::lock_guard lock(place.mutex);
  return place.waits;
}

SyncTurns& syncTurns() {
  static SyncTurns turns;
  return turns;
}

}  // namespace millrace
