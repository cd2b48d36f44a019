#pragma once

#include <napi.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace millrace {

class RemoveWork;

/// Deletes files and folders of one log directory on libuv's pool, one after the other: a file's pages take the kernel some milliseconds of
/// CPU per 16 MiB to give back, and when retention ends segments of many partitions at once, as many threads as the pool has would keep
/// the loop from the processors. Loop thread.
class Removals : public std::enable_shared_from_this<Removals> {
 public:
  Removals();
  Removals(const Removals&) = delete;
  Removals& operator=(const Removals&) = delete;
  ~Removals();

  /// Resolves when `paths` are gone and `folder`, where they were, is synced; rejects with the first failure, having tried all.
  [[nodiscard]] Napi::Promise remove(Napi::Env env, std::vector<std::string> paths, std::string folder);

 private:
  friend class RemoveWork;
  void next();

  std::deque<std::unique_ptr<RemoveWork>> waiting_;
  bool underWay_ = false;
};

}  // namespace millrace
