#include "log_binding.h"

#include <cerrno>
#include <optional>
#include <utility>

#include "addon_data.h"
#include "cleaning_binding.h"
#include "convert.h"

namespace millrace {
namespace {

/// Order of the fields that `storage/native_log.ts` reads.
void writeHeader(double* out, const BatchHeader& header) {
  out[0] = static_cast<double>(header.baseOffset);
  out[1] = static_cast<double>(header.sizeBytes);
  out[2] = header.leaderEpoch;
  out[3] = header.attributes;
  out[4] = header.lastOffsetDelta;
  out[5] = static_cast<double>(header.baseTimestampMs);
  out[6] = static_cast<double>(header.maxTimestampMs);
  out[7] = static_cast<double>(header.producerId);
  out[8] = header.producerEpoch;
  out[9] = header.baseSequence;
  out[10] = header.recordCount;
}
constexpr std::size_t kHeaderFields = 11;
constexpr std::size_t kScanFields = 13;

/// holdBatch(bytes): what the next `appendBatch` appends.
napi_value holdBatch(napi_env env, napi_callback_info info) {
  std::size_t count = 1;
  napi_value bytes = nullptr;
  void* data = nullptr;
  (void)napi_get_cb_info(env, info, &count, &bytes, nullptr, &data);
  static_cast<AddonData*>(data)->batch = bytesOf(env, bytes);
  return nullptr;
}

/// inspectBatch(bytes): holds them, too. Block out: the header's fields, then the status. For an unsupported magic field 3 is the magic.
napi_value inspect(napi_env env, napi_callback_info info) {
  (void)holdBatch(env, info);
  AddonData& data = boundData(env, info);
  BatchHeader header;
  const BatchStatus status = inspectBatch(data.batch.data, data.batch.size, header);
  writeHeader(data.block, header);
  if (status == BatchStatus::kUnsupportedMagic) data.block[3] = header.magic;
  data.block[kHeaderFields] = static_cast<int>(status);
  return nullptr;
}

/// appendBatch(): the batch that is held. Block in: log, baseOffset, leaderEpoch, appendTimeMs, rollFirst; for the marker of an aborted
/// transaction its first offset and the last stable offset behind it (-1 else).
napi_value appendBatch(napi_env env, napi_callback_info info) {
  AddonData& data = boundData(env, info);
  if (NativeLog* const log = data.logs->at(data.block[0]); log != nullptr) log->append(env, std::exchange(data.batch, {}), data.block);
  return nullptr;
}

/// readLog(). Block in: log, offset, maxSizeBytes, upperOffset, minOneBatch, atOnce; out: regionId (-1: there is none,
/// -2: it would have to wait for the medium, see `loadMissed`), sizeBytes, baseOffset, nextOffset.
napi_value readLog(napi_env env, napi_callback_info info) {
  AddonData& data = boundData(env, info);
  if (NativeLog* const log = data.logs->at(data.block[0]); log != nullptr) log->read(env, data);
  return nullptr;
}

}  // namespace

void initLogBinding(Napi::Env env, Napi::Object exports) {
  exports.Set("NativeDirectory", NativeDirectory::define(env));
  exports.Set("NativeLog", NativeLog::define(env));
  defineFast(env, exports, "holdBatch", holdBatch);
  defineFast(env, exports, "inspectBatch", inspect);
  defineFast(env, exports, "appendBatch", appendBatch);
  defineFast(env, exports, "readLog", readLog);
  exports.Set("NativeCleaning", NativeCleaning::define(env));
  exports.Set("releaseRegion", Napi::Function::New(
                                   env,
                                   [](const Napi::CallbackInfo& info) -> Napi::Value {
                                     (void)addonData(info.Env()).regions.take(info[0].As<Napi::Number>().Uint32Value());
                                     return info.Env().Undefined();
                                   },
                                   "releaseRegion"));
  // openFiles(most) → [open, most, opened on demand, closed to make room]; `most` 0: by the process's limit, -1: as it is.
  exports.Set("openFiles", Napi::Function::New(
                               env,
                               [](const Napi::CallbackInfo& info) -> Napi::Value {
                                 OpenFiles& files = *addonData(info.Env()).openFiles;
                                 const std::int64_t most = int64Of(info.Env(), info[0]);
                                 if (most >= 0) files.setMost(most == 0 ? OpenFiles::mostByLimit() : static_cast<std::size_t>(most));
                                 const OpenFiles::Statistics now = files.statistics();
                                 Napi::Float64Array out = Napi::Float64Array::New(info.Env(), 4);
                                 const double values[] = {static_cast<double>(now.open), static_cast<double>(files.most()), static_cast<double>(now.opened),
                                                          static_cast<double>(now.closed)};
                                 std::copy(std::begin(values), std::end(values), out.Data());
                                 return out;
                               },
                               "openFiles"));
  exports.Set("regionsInUse", Napi::Function::New(
                                  env,
                                  [](const Napi::CallbackInfo& info) -> Napi::Value {
                                    return Napi::Number::New(info.Env(), static_cast<double>(addonData(info.Env()).regions.inUse()));
                                  },
                                  "regionsInUse"));
}

Napi::Function NativeLog::define(Napi::Env env) {
  return DefineClass(
      env, "NativeLog",
      {InstanceMethod<&NativeLog::readCopy>("readCopy"),
       InstanceMethod<&NativeLog::availableBytes>("availableBytes"), InstanceMethod<&NativeLog::findByTimestamp>("findByTimestamp"),
       InstanceMethod<&NativeLog::findMaxTimestamp>("findMaxTimestamp"), InstanceMethod<&NativeLog::scan>("scan"),
       InstanceMethod<&NativeLog::abortedTransactions>("abortedTransactions"), InstanceMethod<&NativeLog::restoreAborted>("restoreAborted"),
       InstanceMethod<&NativeLog::requestFlush>("requestFlush"), InstanceMethod<&NativeLog::roll>("roll"),
       InstanceMethod<&NativeLog::truncateTo>("truncateTo"), InstanceMethod<&NativeLog::truncateFullyAndStartAt>("truncateFullyAndStartAt"),
       InstanceMethod<&NativeLog::advanceLogStartOffset>("advanceLogStartOffset"), InstanceMethod<&NativeLog::dropBelow>("dropBelow"),
       InstanceMethod<&NativeLog::beginCleaning>("beginCleaning"), InstanceMethod<&NativeLog::takeReplacedFiles>("takeReplacedFiles"),
       InstanceMethod<&NativeLog::segments>("segments"), InstanceMethod<&NativeLog::segmentTime>("segmentTime"), InstanceMethod<&NativeLog::reconfigure>("reconfigure"),
       InstanceMethod<&NativeLog::offsets>("offsets"), InstanceMethod<&NativeLog::accountFor>("accountFor"),
       InstanceMethod<&NativeLog::moveTo>("moveTo"), InstanceMethod<&NativeLog::close>("close")});
}

NativeLog::NativeLog(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NativeLog>(info) {
  if (!info[0].IsExternal()) {
    Napi::TypeError::New(info.Env(), "logs are opened through a directory").ThrowAsJavaScriptException();
    return;
  }
  using Given = std::pair<std::shared_ptr<DirectoryState>, std::unique_ptr<Log>>;
  const std::unique_ptr<Given> given(static_cast<Given*>(info[0].As<Napi::External<void>>().Data()));
  directory_ = std::move(given->first);
  log_ = std::move(given->second);
  id_ = log_->flushWork()->logId;
  directory_->logs[id_] = log_.get();
  log_->shareDescriptors(addonData(info.Env()).openFiles, [directory = std::weak_ptr(directory_), work = log_->flushWork()] {
    if (const auto state = directory.lock(); state != nullptr && state->flusher != nullptr) state->flusher->request(work);
  });
  handles_ = addonData(info.Env()).logs;
  handle_ = handles_->add(*this);
  const LogNumbers::Place place = addonData(info.Env()).logNumbers.of(info.Env(), handle_);
  offsets_ = place.numbers;
  offsets_[kOffered] = -1;
  info.This().As<Napi::Object>().Set("shared", place.array);
  info.This().As<Napi::Object>().Set("sharedAt", static_cast<double>(place.at));
  info.This().As<Napi::Object>().Set("id", id_);
  info.This().As<Napi::Object>().Set("handle", handle_);
  writeOffsets();
}

NativeLog::~NativeLog() {
  if (self_ != nullptr) *self_ = nullptr;
  if (handles_ != nullptr) handles_->remove(handle_);
}

void NativeLog::writeOffsets() {
  offsets_[0] = static_cast<double>(log_->logStartOffset());
  offsets_[1] = static_cast<double>(log_->logEndOffset());
  offsets_[2] = static_cast<double>(log_->flushedOffset());
  offsets_[3] = static_cast<double>(log_->sizeBytes());
  offsets_[4] = static_cast<double>(log_->active().baseOffset());
  offsets_[5] = static_cast<double>(log_->abortedCount());
  offsets_[6] = static_cast<double>(log_->covering(0).baseOffset());
}

bool NativeLog::usable(Napi::Env env) const {
  if (log_ != nullptr) return true;
  toJs(env, Error{Error::Kind::kClosed, "use", "log", 0, "the log is closed"}).ThrowAsJavaScriptException();
  return false;
}

void NativeLog::append(napi_env env, ByteSpan bytes, const double* in) {
  if (!usable(env)) return;
  const auto refuse = [&](const char* why) {
    toJs(env, Error{Error::Kind::kBadArguments, "append", log_->directory(), 0, why}).ThrowAsJavaScriptException();
  };
  if (bytes.size < batch::kHeaderBytes) return refuse("no batch");
  storeBe<std::int64_t>(bytes.data, wholeOf(in[1]));
  storeBe<std::int32_t>(bytes.data + batch::kLeaderEpochAt, static_cast<std::int32_t>(wholeOf(in[2])));
  if (const std::int64_t appendTimeMs = wholeOf(in[3]); appendTimeMs >= 0) stampLogAppendTime(bytes.data, bytes.size, appendTimeMs);
  const BatchHeader header = BatchHeader::load(bytes.data);
  if (header.sizeBytes != static_cast<std::int64_t>(bytes.size)) return refuse("not exactly one batch");
  const std::int64_t before = log_->active().sizeBytes();
  const AbortedTransaction aborted{header.producerId, wholeOf(in[5]), header.lastOffset(), wholeOf(in[6])};
  auto status = log_->append(bytes.data, header, in[4] != 0, aborted.firstOffset < 0 ? nullptr : &aborted);
  if (status.ok() && aborted.firstOffset >= 0) ++offsets_[5];
  if (!status.ok()) toJs(env, status.error()).ThrowAsJavaScriptException();
  offsets_[1] = static_cast<double>(log_->logEndOffset());
  offsets_[4] = static_cast<double>(log_->active().baseOffset());
  offsets_[3] += static_cast<double>(log_->active().sizeBytes() >= before ? log_->active().sizeBytes() - before : log_->active().sizeBytes());
}

void NativeLog::read(napi_env env, AddonData& data) {
  double* const block = data.block;
  if (!usable(env)) return;
  std::optional<ReadsAtOnce> atOnce;
  if (block[5] != 0) atOnce.emplace();
  auto result = log_->read(wholeOf(block[1]), wholeOf(block[2]), wholeOf(block[3]), block[4] != 0);
  block[0] = -1;
  if (!result.ok() && atOnce.has_value() && result.error().kind == Error::Kind::kMustWait && atOnce->missed().has_value()) {
    data.missed = {result.error().path, *atOnce->missed()};
    // What the kernel reads ahead of it is on its way, not there.
    if (auto pinned = log_->covering(wholeOf(block[1])).file()->pin(); pinned.ok()) pinned.value()->readAhead();
    block[0] = -2;
    return;
  }
  if (!result.ok()) {
    toJs(env, result.error()).ThrowAsJavaScriptException();
    return;
  }
  if (!result.value().has_value()) return;
  LogReadResult& read = *result.value();
  block[1] = static_cast<double>(read.region.sizeBytes);
  block[2] = static_cast<double>(read.baseOffset);
  block[3] = static_cast<double>(read.nextOffset);
  read.region.account = account_;
  block[0] = data.regions.put(std::move(read.region));
}

/// readCopy(offset, maxSizeBytes, upperOffset) → Buffer
Napi::Value NativeLog::readCopy(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!usable(env)) return env.Undefined();
  auto result = log_->read(int64Of(env, info[0]), int64Of(env, info[1]), int64Of(env, info[2]), true);
  if (!result.ok()) {
    toJs(env, result.error()).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  if (!result.value().has_value()) return Napi::Buffer<std::uint8_t>::New(env, 0);
  const FileRegion& region = result.value()->region;
  Napi::Buffer<std::uint8_t> buffer = Napi::Buffer<std::uint8_t>::New(env, region.sizeBytes);
  std::size_t done = 0;
  while (done < region.sizeBytes) {
    const ssize_t got = posixFileSystem().pread(region.file->get(), buffer.Data() + done, region.sizeBytes - done, static_cast<off_t>(region.position + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      toJs(env, systemError("pread", log_->directory(), got == 0 ? EIO : errno)).ThrowAsJavaScriptException();
      return env.Undefined();
    }
    done += static_cast<std::size_t>(got);
  }
  return buffer;
}

/// accountFor(account): what is sent of this log is counted there
Napi::Value NativeLog::accountFor(const Napi::CallbackInfo& info) {
  account_ = static_cast<std::uint32_t>(int64Of(info.Env(), info[0]));
  return info.Env().Undefined();
}

Napi::Value NativeLog::availableBytes(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!usable(env)) return env.Undefined();
  auto result = log_->availableBytes(int64Of(env, info[0]), int64Of(env, info[1]), int64Of(env, info[2]));
  if (!result.ok()) {
    toJs(env, result.error()).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  return Napi::Number::New(env, static_cast<double>(result.value()));
}

namespace {

/// Fills `out` (a header) and says whether there is a batch.
Napi::Value located(Napi::Env env, Result<std::optional<LocatedBatch>>& result, napi_value into) {
  if (!result.ok()) {
    toJs(env, result.error()).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  double* const out = doublesOf(env, into, kHeaderFields);
  if (!result.value().has_value() || out == nullptr) return Napi::Boolean::New(env, false);
  writeHeader(out, result.value()->header);
  return Napi::Boolean::New(env, true);
}

}  // namespace

Napi::Value NativeLog::findByTimestamp(const Napi::CallbackInfo& info) {
  if (!usable(info.Env())) return info.Env().Undefined();
  auto result = log_->findByTimestamp(int64Of(info.Env(), info[0]), int64Of(info.Env(), info[1]));
  return located(info.Env(), result, info[2]);
}

Napi::Value NativeLog::findMaxTimestamp(const Napi::CallbackInfo& info) {
  if (!usable(info.Env())) return info.Env().Undefined();
  auto result = log_->findMaxTimestamp(int64Of(info.Env(), info[0]));
  return located(info.Env(), result, info[1]);
}

/// scan(fromOffset, maxBatches) → Float64Array with kScanFields numbers a batch: the header's, then the type of its transaction
/// marker (0 abort, 1 commit, -1 none) and the coordinator epoch in it.
Napi::Value NativeLog::scan(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!usable(env)) return env.Undefined();
  auto result = log_->scan(int64Of(env, info[0]), static_cast<std::size_t>(int64Of(env, info[1])));
  if (!result.ok()) {
    toJs(env, result.error()).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  Napi::Float64Array flat = Napi::Float64Array::New(env, result.value().size() * kScanFields);
  double* out = flat.Data();
  for (const ReplayedBatch& batch : result.value()) {
    writeHeader(out, batch);
    out[kHeaderFields] = batch.marker.has_value() ? static_cast<double>(batch.marker->type) : -1;
    out[kHeaderFields + 1] = batch.marker.has_value() ? batch.marker->coordinatorEpoch : -1;
    out += kScanFields;
  }
  return flat;
}

/// abortedTransactions(from, upper) → Float64Array, four numbers each: producerId, firstOffset, lastOffset, lastStableOffset
Napi::Value NativeLog::abortedTransactions(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!usable(env)) return env.Undefined();
  const auto found = log_->abortedTransactions(int64Of(env, info[0]), int64Of(env, info[1]));
  Napi::Float64Array flat = Napi::Float64Array::New(env, found.size() * 4);
  double* out = flat.Data();
  for (const AbortedTransaction& one : found) {
    for (const std::int64_t number : {one.producerId, one.firstOffset, one.lastOffset, one.lastStableOffset}) *out++ = static_cast<double>(number);
  }
  return flat;
}

/// restoreAborted(lostFrom, flat): what a replay found, four numbers each as above. Rare, and small files: they are synced here.
Napi::Value NativeLog::restoreAborted(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!usable(env) || !info[1].IsTypedArray()) return env.Undefined();
  const auto flat = info[1].As<Napi::Float64Array>();
  std::vector<AbortedTransaction> aborted;
  for (std::size_t i = 0; i + 4 <= flat.ElementLength(); i += 4) aborted.push_back({wholeOf(flat[i]), wholeOf(flat[i + 1]), wholeOf(flat[i + 2]), wholeOf(flat[i + 3])});
  if (auto status = log_->restoreAborted(int64Of(env, info[0]), aborted); !status.ok()) toJs(env, status.error()).ThrowAsJavaScriptException();
  writeOffsets();
  return env.Undefined();
}

Napi::Value NativeLog::requestFlush(const Napi::CallbackInfo& info) {
  if (!usable(info.Env()) || directory_->flusher == nullptr) return info.Env().Undefined();
  log_->markDirty();
  directory_->flusher->request(log_->flushWork(), static_cast<std::uint32_t>(int64Of(info.Env(), info[0])));
  return info.Env().Undefined();
}

Napi::Value NativeLog::roll(const Napi::CallbackInfo& info) {
  if (!usable(info.Env())) return info.Env().Undefined();
  if (auto status = log_->roll(); !status.ok()) toJs(info.Env(), status.error()).ThrowAsJavaScriptException();
  writeOffsets();
  return info.Env().Undefined();
}

Napi::Value NativeLog::truncateTo(const Napi::CallbackInfo& info) {
  if (!usable(info.Env())) return info.Env().Undefined();
  if (auto status = log_->truncateTo(int64Of(info.Env(), info[0])); !status.ok()) toJs(info.Env(), status.error()).ThrowAsJavaScriptException();
  writeOffsets();
  return info.Env().Undefined();
}

Napi::Value NativeLog::truncateFullyAndStartAt(const Napi::CallbackInfo& info) {
  if (!usable(info.Env())) return info.Env().Undefined();
  if (auto status = log_->truncateFullyAndStartAt(int64Of(info.Env(), info[0])); !status.ok())
    toJs(info.Env(), status.error()).ThrowAsJavaScriptException();
  writeOffsets();
  return info.Env().Undefined();
}

Napi::Value NativeLog::advanceLogStartOffset(const Napi::CallbackInfo& info) {
  if (!usable(info.Env())) return info.Env().Undefined();
  log_->advanceLogStartOffset(int64Of(info.Env(), info[0]));
  writeOffsets();
  return info.Env().Undefined();
}

namespace {

Napi::Array stringsOf(Napi::Env env, const std::vector<std::string>& strings) {
  Napi::Array array = Napi::Array::New(env, strings.size());
  for (std::uint32_t i = 0; i < strings.size(); ++i) array.Set(i, strings[i]);
  return array;
}

}  // namespace

/// dropBelow(offset) → paths to unlink later
Napi::Value NativeLog::dropBelow(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!usable(env)) return env.Undefined();
  auto dropped = log_->dropBelow(int64Of(env, info[0]));
  writeOffsets();
  if (!dropped.ok()) {
    toJs(env, dropped.error()).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  return stringsOf(env, dropped.value());
}

Napi::Value NativeLog::takeReplacedFiles(const Napi::CallbackInfo& info) {
  if (!usable(info.Env())) return info.Env().Undefined();
  return stringsOf(info.Env(), log_->takeReplacedFiles());
}

/// beginCleaning(cleaningClass, numbers, producers) → NativeCleaning, or undefined when nothing is dirty. `numbers` in the order of
/// CleaningOptions; `producers` three numbers each: id, last data offset, epoch.
Napi::Value NativeLog::beginCleaning(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const double* const numbers = doublesOf(env, info[1], kCleaningNumbers);
  if (!usable(env) || numbers == nullptr || !info[2].IsTypedArray()) return env.Undefined();
  const auto producers = info[2].As<Napi::Float64Array>();
  auto job = log_->beginCleaning(cleaningOptionsOf(numbers, producers.Data(), producers.ElementLength() / 3));
  if (!job.ok()) {
    toJs(env, job.error()).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  if (job.value() == nullptr) return env.Undefined();
  auto external = Napi::External<void>::New(env, job.value().release());
  return info[0].As<Napi::Function>().New({external, info.This()});
}

/// segments() → Float64Array, two numbers a segment: baseOffset, sizeBytes
Napi::Value NativeLog::segments(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!usable(env)) return env.Undefined();
  const std::size_t count = log_->sealed().size() + 1;
  Napi::Float64Array flat = Napi::Float64Array::New(env, count * 2);
  for (std::size_t i = 0; i < count; ++i) {
    const SegmentView& view = i + 1 < count ? static_cast<const SegmentView&>(log_->sealed()[i]) : log_->active();
    flat[i * 2] = static_cast<double>(view.baseOffset());
    flat[i * 2 + 1] = static_cast<double>(view.sizeBytes());
  }
  return flat;
}

/// segmentTime(baseOffset, which) → 0: maxTimestampMs, 1: firstTimestampMs, 2: lastModifiedMs; -1 where there is none. What is asked
/// of a sealed segment for the first time is read from its files.
Napi::Value NativeLog::segmentTime(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!usable(env)) return env.Undefined();
  const SegmentView& view = log_->covering(int64Of(env, info[0]));
  const std::int64_t which = int64Of(env, info[1]);
  if (which < 2) {
    auto time = which == 0 ? view.maxTimestampMs() : view.firstTimestampMs();
    if (time.ok()) return Napi::Number::New(env, static_cast<double>(time.value()));
    toJs(env, time.error()).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  FileStatus status;
  (void)view.file()->status(status);
  return Napi::Number::New(env, static_cast<double>(status.modified.tv_sec) * 1000 + static_cast<double>(status.modified.tv_nsec / 1000000));
}

Napi::Value NativeLog::reconfigure(const Napi::CallbackInfo& info) {
  if (!usable(info.Env())) return info.Env().Undefined();
  log_->reconfigure(int64Of(info.Env(), info[0]), int64Of(info.Env(), info[1]), int64Of(info.Env(), info[2]), boolOf(info.Env(), info[3]));
  return info.Env().Undefined();
}

/// moveTo(path): the log's directory is renamed; the parent is not synced here.
Napi::Value NativeLog::moveTo(const Napi::CallbackInfo& info) {
  if (!usable(info.Env())) return info.Env().Undefined();
  if (auto status = log_->moveTo(info[0].As<Napi::String>().Utf8Value()); !status.ok()) toJs(info.Env(), status.error()).ThrowAsJavaScriptException();
  return info.Env().Undefined();
}

/// Refreshes the shared numbers (after the flusher changed flushedOffset).
Napi::Value NativeLog::offsets(const Napi::CallbackInfo& info) {
  if (log_ != nullptr) writeOffsets();
  return info.Env().Undefined();
}

/// close(sync): the sync runs on the loop thread; only orderly stops and deletions come here.
Napi::Value NativeLog::close(const Napi::CallbackInfo& info) {
  if (log_ == nullptr) return info.Env().Undefined();
  directory_->logs.erase(id_);
  if (self_ != nullptr) *self_ = nullptr;
  auto status = log_->close(boolOf(info.Env(), info[0]));
  writeOffsets();
  log_.reset();
  if (!status.ok()) toJs(info.Env(), status.error()).ThrowAsJavaScriptException();
  return info.Env().Undefined();
}

}  // namespace millrace
