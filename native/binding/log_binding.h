#pragma once

#include <napi.h>

#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "../io/directory_lock.h"
#include "../log/flusher.h"
#include "../log/job_threads.h"
#include "../log/load_progress.h"
#include "../log/log.h"
#include "../net/repeated_fetch.h"
#include "addon_data.h"
#include "removals.h"

namespace millrace {

class OpenLogTask;

/// Everything of one log directory that outlives a JavaScript call: shared with async work, so that a wrapper collected in
/// the middle of an open does no harm.
struct DirectoryState {
  std::string path;
  FileSystem* fs = &posixFileSystem();
  std::unique_ptr<DirectoryLock> lock;
  std::unique_ptr<Flusher> flusher;
  Napi::ThreadSafeFunction wake;
  std::unordered_map<std::uint32_t, Log*> logs;  // loop thread
  std::uint32_t nextLogId = 1;
  std::unique_ptr<Error> failure;
  bool closed = false;
  std::shared_ptr<Removals> removals = std::make_shared<Removals>();

  // Logs that are loaded on threads of their own.
  LoadProgress progress;
  std::mutex loadedMutex;
  std::vector<OpenLogTask*> loaded;           ///< done, to be handed to JavaScript; guarded by loadedMutex
  std::unordered_set<OpenLogTask*> loading;   ///< all that are under way; loop thread
  std::unique_ptr<JobThreads> loadingThreads = std::make_unique<JobThreads>();
};

class NativeDirectory : public Napi::ObjectWrap<NativeDirectory> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit NativeDirectory(const Napi::CallbackInfo& info);
  void Finalize(Napi::BasicEnv env) override;

 private:
  Napi::Value openLog(const Napi::CallbackInfo& info);
  Napi::Value setLoadingThreads(const Napi::CallbackInfo& info);
  Napi::Value cancelLoading(const Napi::CallbackInfo& info);
  Napi::Value cancelLoad(const Napi::CallbackInfo& info);
  Napi::Value checkedBytes(const Napi::CallbackInfo& info);
  Napi::Value bytesToCheck(const Napi::CallbackInfo& info);
  Napi::Value rename(const Napi::CallbackInfo& info);
  Napi::Value removeMarked(const Napi::CallbackInfo& info);
  Napi::Value unlinkFiles(const Napi::CallbackInfo& info);
  Napi::Value copyFile(const Napi::CallbackInfo& info);
  Napi::Value drain(const Napi::CallbackInfo& info);
  Napi::Value statistics(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  static void environmentEnds(void* state);
  /// Ends the flusher and the loading of logs. Does nothing the second time.
  void release(napi_env env);
  static void endThreads(DirectoryState& state);
  /// Hands logs that have been loaded on their own threads to those who wait for them.
  static void settleLoaded(Napi::Env env, DirectoryState& state);

  std::shared_ptr<DirectoryState> state_;
};

class NativeLog : public Napi::ObjectWrap<NativeLog> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit NativeLog(const Napi::CallbackInfo& info);
  ~NativeLog() override;

  /// Calls of the hot path, with their numbers as `appendBatch` and `readLog` have them.
  void append(napi_env env, ByteSpan bytes, const double* in);
  void read(napi_env env, AddonData& data);
  /// As `RepeatedFetch::Records` says: what JavaScript offers (`offered` of its numbers) and nothing else.
  [[nodiscard]] bool readAgain(std::int64_t offset, std::int64_t limitBytes, bool first, bool committed, RepeatedFetch::Found& found);
  /// For who outlives it: points to null once the log is closed or collected.
  [[nodiscard]] const std::shared_ptr<NativeLog*>& self();

  Napi::Value readCopy(const Napi::CallbackInfo& info);
  Napi::Value availableBytes(const Napi::CallbackInfo& info);
  Napi::Value findByTimestamp(const Napi::CallbackInfo& info);
  Napi::Value findMaxTimestamp(const Napi::CallbackInfo& info);
  Napi::Value scan(const Napi::CallbackInfo& info);
  Napi::Value abortedTransactions(const Napi::CallbackInfo& info);
  Napi::Value restoreAborted(const Napi::CallbackInfo& info);
  Napi::Value requestFlush(const Napi::CallbackInfo& info);
  Napi::Value roll(const Napi::CallbackInfo& info);
  Napi::Value truncateTo(const Napi::CallbackInfo& info);
  Napi::Value truncateFullyAndStartAt(const Napi::CallbackInfo& info);
  Napi::Value advanceLogStartOffset(const Napi::CallbackInfo& info);
  Napi::Value dropBelow(const Napi::CallbackInfo& info);
  Napi::Value takeReplacedFiles(const Napi::CallbackInfo& info);
  Napi::Value beginCleaning(const Napi::CallbackInfo& info);
  Napi::Value segments(const Napi::CallbackInfo& info);
  Napi::Value segmentTime(const Napi::CallbackInfo& info);
  Napi::Value reconfigure(const Napi::CallbackInfo& info);
  Napi::Value offsets(const Napi::CallbackInfo& info);
  Napi::Value accountFor(const Napi::CallbackInfo& info);
  Napi::Value moveTo(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  /// Null once it is closed.
  [[nodiscard]] Log* log() noexcept { return log_.get(); }
  /// Brings the numbers JavaScript reads up to date.
  void writeOffsets();

 private:
  [[nodiscard]] bool usable(Napi::Env env) const;

  std::shared_ptr<DirectoryState> directory_;
  std::unique_ptr<Log> log_;
  /// In `AddonData::logNumbers`: logStartOffset, logEndOffset, flushedOffset, sizeBytes, activeBaseOffset, abortedCount, firstBaseOffset;
  /// and what JavaScript writes there: the end of what any consumer may be given without being asked (-1: nothing).
  double* offsets_ = nullptr;
  static constexpr std::size_t kOffered = 7;
  std::uint32_t id_ = 0;
  std::shared_ptr<HandleTable<NativeLog>> handles_;
  std::uint32_t handle_ = 0;
  std::uint32_t account_ = 0;  ///< of its topic, on every region
  std::shared_ptr<NativeLog*> self_;
};

}  // namespace millrace
