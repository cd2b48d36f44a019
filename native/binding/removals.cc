#include "removals.h"

#include <cerrno>
#include <utility>

#include "../io/file.h"
#include "../io/remove_tree.h"
#include "convert.h"

namespace millrace {

class RemoveWork : public Napi::AsyncWorker {
 public:
  RemoveWork(Napi::Env env, std::vector<std::string> paths, std::string folder)
      : Napi::AsyncWorker(env), paths_(std::move(paths)), folder_(std::move(folder)), deferred_(Napi::Promise::Deferred::New(env)) {}
  [[nodiscard]] Napi::Promise promise() const { return deferred_.Promise(); }

  void begin(std::shared_ptr<Removals> removals) {
    removals_ = std::move(removals);
    Queue();
  }

  void Execute() override {
    FileSystem& fs = posixFileSystem();
    for (const std::string& path : paths_) {
      auto status = removeTree(fs, path);
      if (!status.ok() && failure_ == nullptr) failure_ = std::make_unique<Error>(std::move(status.error()));
    }
    if (failure_ == nullptr && fs.syncDirectory(folder_.c_str()) != 0 && errno != ENOENT) failure_ = std::make_unique<Error>(systemError("fsync", folder_, errno));
  }
  void OnOK() override {
    removals_->underWay_ = false;
    removals_->next();
    Napi::HandleScope scope(Env());
    if (failure_ != nullptr) deferred_.Reject(toJs(Env(), *failure_).Value());
    else deferred_.Resolve(Env().Undefined());
  }

 private:
  std::shared_ptr<Removals> removals_;  ///< once begun
  std::vector<std::string> paths_;
  std::string folder_;
  Napi::Promise::Deferred deferred_;
  std::unique_ptr<Error> failure_;
};

Removals::Removals() = default;
Removals::~Removals() = default;

Napi::Promise Removals::remove(Napi::Env env, std::vector<std::string> paths, std::string folder) {
  waiting_.push_back(std::make_unique<RemoveWork>(env, std::move(paths), std::move(folder)));
  const Napi::Promise promise = waiting_.back()->promise();
  next();
  return promise;
}

void Removals::next() {
  if (underWay_ || waiting_.empty()) return;
  underWay_ = true;
  RemoveWork* const work = waiting_.front().release();  // deletes itself when done
  waiting_.pop_front();
  work->begin(shared_from_this());
}

}  // namespace millrace
