#include <napi.h>
#include <uv.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "../net/address.h"
#include "../net/server.h"
#include "addon_data.h"
#include "convert.h"
#include "log_records.h"

namespace millrace {
namespace {

/// Numbers per event in the shared array, in the order that `network/native_transport.ts` reads them.
constexpr std::size_t kEventFields = 6;
/// Events handed over in one call; what is more waits for the next call of the same turn.
constexpr std::size_t kEventsPerCall = 1024;
/// Written over an event's kind by JavaScript: this frame is released by a call of its own.
constexpr std::int32_t kKept = 0;
/// Numbers of a response of the hot path, and the regions that are room for behind them.
constexpr std::size_t kFrameNumbers = 6;
constexpr std::size_t kLinksPerCall = (AddonData::kBlockNumbers - kFrameNumbers) / 2;

/// Of `repeat`: those of the whole, and of each partition.
constexpr std::size_t kTermNumbers = 4;
constexpr std::size_t kPartitionNumbers = 5;

/// Limits come as numbers; what does not fit means "no limit".
std::uint32_t bounded(const Napi::Object& given, const char* name) {
  const double value = given.Get(name).As<Napi::Number>().DoubleValue();
  return value >= UINT32_MAX ? UINT32_MAX : static_cast<std::uint32_t>(std::max(0.0, value));
}

}  // namespace

/// What the listeners of one broker share: `new NativeNetwork()`, given to each `NativeServer`.
class NativeNetwork : public Napi::ObjectWrap<NativeNetwork> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "NativeNetwork",
                       {InstanceMethod<&NativeNetwork::configure>("configure"), InstanceMethod<&NativeNetwork::statistics>("statistics"),
                        InstanceMethod<&NativeNetwork::openAccount>("openAccount"), InstanceMethod<&NativeNetwork::closeAccount>("closeAccount"),
                        InstanceMethod<&NativeNetwork::account>("account"), InstanceMethod<&NativeNetwork::decideAnew>("decideAnew")});
  }

  explicit NativeNetwork(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NativeNetwork>(info) {}

  [[nodiscard]] const std::shared_ptr<NetworkLimits>& limits() const noexcept { return limits_; }

 private:
  /// configure(limits, addresses, counts): the overrides are two arrays; returns the addresses that could not be resolved
  Napi::Value configure(const Napi::CallbackInfo& info) {
    const auto given = info[0].As<Napi::Object>();
    const auto names = info[1].As<Napi::Array>();
    const auto counts = info[2].As<Napi::Array>();
    const double bytes = given.Get("maxQueuedRequestBytes").As<Napi::Number>().DoubleValue();
    limits_->requests.configure(bounded(given, "maxQueuedRequests"),
                                bytes >= 9e15 ? RequestBudget::kNoLimit : static_cast<std::size_t>(std::max(0.0, bytes)));
    ConnectionQuotas::Limits limits;
    limits.maxConnections = bounded(given, "maxConnections");
    limits.maxConnectionsPerIp = bounded(given, "maxConnectionsPerIp");
    Napi::Array unknown = Napi::Array::New(info.Env());
    for (std::uint32_t i = 0; i < names.Length(); ++i) {
      const std::string name = names.Get(i).As<Napi::String>().Utf8Value();
      const std::string address = resolveAddress(name);
      if (address.empty())
        unknown.Set(unknown.Length(), Napi::String::New(info.Env(), name));
      else
        limits.perIpOverrides[address] = static_cast<std::uint32_t>(counts.Get(i).As<Napi::Number>().Int64Value());
    }
    limits_->connections.configure(std::move(limits));
    limits_->requests.serve();
    return unknown;
  }

  Napi::Value statistics(const Napi::CallbackInfo& info) {
    const RequestBudget& requests = limits_->requests;
    const double values[] = {static_cast<double>(requests.requests()),     static_cast<double>(requests.bytes()),
                             static_cast<double>(requests.peakRequests()), static_cast<double>(requests.peakBytes()),
                             static_cast<double>(requests.waits()),        static_cast<double>(limits_->connections.total()),
                             static_cast<double>(limits_->requestsRepeated)};
    Napi::Float64Array out = Napi::Float64Array::New(info.Env(), std::size(values));
    std::copy(std::begin(values), std::end(values), out.Data());
    return out;
  }

  EgressTable& table(Napi::Env env, napi_value ofClients) { return boolOf(env, ofClients) ? limits_->egress.clients : limits_->egress.topics; }

  /// openAccount(ofClients) → account
  Napi::Value openAccount(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), table(info.Env(), info[0]).open()); }

  /// closeAccount(ofClients, account)
  Napi::Value closeAccount(const Napi::CallbackInfo& info) {
    table(info.Env(), info[0]).close(static_cast<std::uint32_t>(int64Of(info.Env(), info[1])));
    return info.Env().Undefined();
  }

  /// account(ofClients, account, out): fills `out` in the order of `egress_accounts.ts`
  Napi::Value account(const Napi::CallbackInfo& info) {
    const EgressStatistics& s = table(info.Env(), info[0]).at(static_cast<std::uint32_t>(int64Of(info.Env(), info[1])));
    const double values[] = {static_cast<double>(s.bytesSendfile), static_cast<double>(s.bytesCopied),   static_cast<double>(s.bytesCopiedCold),
                             static_cast<double>(s.answers),       static_cast<double>(s.regions),       static_cast<double>(s.recordSendCalls),
                             static_cast<double>(s.sendfileCalls), static_cast<double>(s.preadCalls),    static_cast<double>(s.coldStops),
                             static_cast<double>(s.bytesLoaded),   static_cast<double>(s.repeats),       static_cast<double>(s.bytesRepeated)};
    if (double* const out = doublesOf(info.Env(), info[2], std::size(values)); out != nullptr) std::copy(std::begin(values), std::end(values), out);
    return info.Env().Undefined();
  }

  Napi::Value decideAnew(const Napi::CallbackInfo& info) {
    ++limits_->decisions;
    return info.Env().Undefined();
  }

  std::shared_ptr<NetworkLimits> limits_ = std::make_shared<NetworkLimits>();
};

/// One listening address. JavaScript gives the callback, and two objects that are filled before each call: an Int32Array with the
/// events and an array of slabs (Uint8Array by slab number).
class NativeServer : public Napi::ObjectWrap<NativeServer>, private Server::Sink, private SlabMemory {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "NativeServer",
                       {InstanceMethod<&NativeServer::listen>("listen"), InstanceMethod<&NativeServer::stopAccepting>("stopAccepting"),
                        InstanceMethod<&NativeServer::close>("close"), InstanceMethod<&NativeServer::sendChain>("sendChain"), InstanceMethod<&NativeServer::release>("release"),
                        InstanceMethod<&NativeServer::closeConnection>("closeConnection"), InstanceMethod<&NativeServer::peer>("peer"),
                        InstanceMethod<&NativeServer::accountFor>("accountFor"), InstanceMethod<&NativeServer::statistics>("statistics"),
                        InstanceMethod<&NativeServer::configure>("configure"), InstanceMethod<&NativeServer::pauseAccepting>("pauseAccepting"),
                        InstanceMethod<&NativeServer::resumeAccepting>("resumeAccepting"), InstanceMethod<&NativeServer::mute>("mute"), InstanceMethod<&NativeServer::expireIdle>("expireIdle"),
                        InstanceMethod<&NativeServer::repeat>("repeat")});
  }

  /// new NativeServer(options, slabs, events, onEvents, onClosed, network)
  explicit NativeServer(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NativeServer>(info), env_(info.Env()) {
    const auto given = info[0].As<Napi::Object>();
    const auto number = [&given](const char* name) { return given.Get(name).As<Napi::Number>().Int64Value(); };
    ServerOptions options;
    options.host = given.Get("host").As<Napi::String>().Utf8Value();
    options.port = static_cast<std::uint16_t>(number("port"));
    options.backlog = static_cast<int>(number("backlog"));
    options.frames.maxFrameBytes = static_cast<std::size_t>(number("maxFrameBytes"));
    options.frames.maxUnreleasedBytes = static_cast<std::size_t>(number("maxUnreleasedBytesPerConnection"));
    options.frames.maxUnreleasedFrames = bounded(given, "maxUnreleasedFramesPerConnection");
    options.sendBufferBytes = static_cast<int>(number("sendBufferBytes"));
    options.receiveBufferBytes = static_cast<int>(number("receiveBufferBytes"));
    options.sendfileMinBytes = static_cast<std::size_t>(number("sendfileMinBytes"));
    slabs_ = Napi::Persistent(info[1].As<Napi::Object>());
    auto events = info[2].As<Napi::Int32Array>();
    events_ = events.Data();
    eventsReference_ = Napi::Persistent(events);
    onEvents_ = Napi::Persistent(info[3].As<Napi::Function>());
    onClosed_ = Napi::Persistent(info[4].As<Napi::Function>());
    uv_loop_t* loop = nullptr;
    napi_get_uv_event_loop(info.Env(), &loop);
    napi_async_init(info.Env(), nullptr, Napi::String::New(info.Env(), "millrace"), &context_);
    limits_ = NativeNetwork::Unwrap(info[5].As<Napi::Object>())->limits();
    server_ = std::unique_ptr<Server>(
        new Server(loop, static_cast<SlabMemory&>(*this), static_cast<Server::Sink&>(*this), std::move(options), limits_));
    handles_ = addonData(info.Env()).servers;
    handle_ = handles_->add(*this);
    info.This().As<Napi::Object>().Set("handle", handle_);
  }
  ~NativeServer() override { handles_->remove(handle_); }

  /// A response of the hot path: the first `block[2]` bytes of `output`, with regions before some of them.
  void sendFrame(RegionTable& regions, ByteSpan output, const double* block) {
    // Before it is sent: what is sent may be asked for again at once.
    if (block[5] != 0) server_->mayRepeat(static_cast<std::uint32_t>(block[1]));
    const auto id = static_cast<std::uint32_t>(block[1]);
    const std::size_t length = std::min(static_cast<std::size_t>(block[2]), output.size);
    const std::size_t links = std::min(static_cast<std::size_t>(block[3]), kLinksPerCall);
    const bool more = block[4] != 0;
    const double* const link = block + kFrameNumbers;
    const std::span<const std::uint8_t> all(output.data, length);
    if (links == 0) return server_->sendWhole(id, all, more);
    if (links == 1) {
      const std::size_t at = std::min(static_cast<std::size_t>(link[0]), length);
      return server_->sendAround(id, all.first(at), regions.take(static_cast<std::uint32_t>(link[1])), all.subspan(at), more);
    }
    std::size_t from = 0;
    for (std::size_t i = 0; i < links; ++i) {
      const std::size_t at = std::clamp(static_cast<std::size_t>(link[2 * i]), from, length);
      if (at > from) server_->sendBytes(id, output.data + from, at - from);
      server_->sendRegion(id, regions.take(static_cast<std::uint32_t>(link[2 * i + 1])));
      from = at;
    }
    if (length > from) server_->sendBytes(id, output.data + from, length - from);
    server_->sendDone(id);
  }

 private:
  Napi::Value listen(const Napi::CallbackInfo& info) {
    auto status = server_->listen();
    if (!status.ok()) {
      toJs(info.Env(), status.error()).ThrowAsJavaScriptException();
      return info.Env().Undefined();
    }
    Ref();  // lives until closed
    napi_add_async_cleanup_hook(
        info.Env(), [](napi_async_cleanup_hook_handle, void* self) { static_cast<NativeServer*>(self)->environmentEnds(); }, this, &cleanupHook_);
    return Napi::Number::New(info.Env(), server_->port());
  }

  Napi::Value stopAccepting(const Napi::CallbackInfo& info) {
    server_->stopAccepting();
    return info.Env().Undefined();
  }

  Napi::Value close(const Napi::CallbackInfo& info) {
    server_->close();
    return info.Env().Undefined();
  }

  /// sendChain(connection, parts): Uint8Arrays and region numbers in order
  Napi::Value sendChain(const Napi::CallbackInfo& info) {
    napi_env env = info.Env();
    const auto id = static_cast<std::uint32_t>(int64Of(env, info[0]));
    std::uint32_t length = 0;
    napi_get_array_length(env, info[1], &length);
    for (std::uint32_t i = 0; i < length; ++i) {
      napi_value part;
      napi_get_element(env, info[1], i, &part);
      napi_valuetype type;
      napi_typeof(env, part, &type);
      if (type == napi_number) {
        // Taken also when the connection is gone: the pin ends here.
        server_->sendRegion(id, addonData(info.Env()).regions.take(static_cast<std::uint32_t>(int64Of(env, part))));
      } else {
        const ByteSpan bytes = bytesOf(env, part);
        server_->sendBytes(id, bytes.data, bytes.size);
      }
    }
    server_->sendDone(id);
    return info.Env().Undefined();
  }

  Napi::Value release(const Napi::CallbackInfo& info) {
    server_->releaseFrame(static_cast<std::uint32_t>(int64Of(info.Env(), info[0])));
    return info.Env().Undefined();
  }

  /// closeConnection(connection, graceful)
  Napi::Value closeConnection(const Napi::CallbackInfo& info) {
    server_->closeConnection(static_cast<std::uint32_t>(int64Of(info.Env(), info[0])), CloseReason::kServerClosed, boolOf(info.Env(), info[1]));
    return info.Env().Undefined();
  }

  Napi::Value peer(const Napi::CallbackInfo& info) {
    return Napi::String::New(info.Env(), server_->peer(static_cast<std::uint32_t>(int64Of(info.Env(), info[0]))));
  }

  /// accountFor(connection, account)
  Napi::Value accountFor(const Napi::CallbackInfo& info) {
    server_->accountFor(static_cast<std::uint32_t>(int64Of(info.Env(), info[0])), static_cast<std::uint32_t>(int64Of(info.Env(), info[1])));
    return info.Env().Undefined();
  }

  /// configure({ maxConnections, acceptsPerTurn, isProtected })
  Napi::Value configure(const Napi::CallbackInfo& info) {
    const auto given = info[0].As<Napi::Object>();
    server_->configure({bounded(given, "maxConnections"), bounded(given, "acceptsPerTurn"), given.Get("isProtected").As<Napi::Boolean>().Value()});
    return info.Env().Undefined();
  }

  Napi::Value pauseAccepting(const Napi::CallbackInfo& info) {
    server_->pauseAccepting();
    return info.Env().Undefined();
  }

  Napi::Value resumeAccepting(const Napi::CallbackInfo& info) {
    server_->resumeAccepting();
    return info.Env().Undefined();
  }

  /// mute(connection, muted)
  Napi::Value mute(const Napi::CallbackInfo& info) {
    server_->mute(static_cast<std::uint32_t>(int64Of(info.Env(), info[0])), info[1].As<Napi::Boolean>().Value());
    return info.Env().Undefined();
  }

  /// expireIdle(nowMs, maxIdleMs)
  Napi::Value expireIdle(const Napi::CallbackInfo& info) {
    server_->expireIdle(static_cast<std::uint64_t>(int64Of(info.Env(), info[0])), static_cast<std::uint64_t>(int64Of(info.Env(), info[1])));
    return info.Env().Undefined();
  }

  /// repeat(connection, request, response, numbers) → how often the terms before were used. See `RepeatedFetch::Terms`; `numbers`:
  /// maxBytes, minBytes, readsCommitted, compactLengths, then of each partition log, maxBytes, offsetAt, numbersAt, lengthAt.
  Napi::Value repeat(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    if (!info[3].IsTypedArray()) return Napi::Number::New(env, 0);
    const auto numbers = info[3].As<Napi::Float64Array>();
    const auto copied = [env](napi_value of) {
      const ByteSpan bytes = bytesOf(env, of);
      return std::vector<std::uint8_t>(bytes.data, bytes.data + bytes.size);
    };
    const std::size_t count = numbers.ElementLength();
    if (count < kTermNumbers) return Napi::Number::New(env, 0);
    RepeatedFetch::Terms terms{copied(info[1]), copied(info[2]), {},
                               wholeOf(numbers[0]), wholeOf(numbers[1]), numbers[2] != 0, numbers[3] != 0, limits_->decisions};
    for (std::size_t at = kTermNumbers; at + kPartitionNumbers <= count; at += kPartitionNumbers) {
      NativeLog* const log = addonData(env).logs->at(numbers[at]);
      if (log == nullptr) return Napi::Number::New(env, 0);
      const auto position = [&](std::size_t which) { return static_cast<std::size_t>(wholeOf(numbers[at + which])); };
      terms.partitions.push_back({std::make_unique<LogRecords>(log->self()), wholeOf(numbers[at + 1]), position(2), position(3), position(4)});
    }
    const auto id = static_cast<std::uint32_t>(int64Of(env, info[0]));
    return Napi::Number::New(env, static_cast<double>(server_->repeat(id, std::make_unique<RepeatedFetch>(std::move(terms)))));
  }

  Napi::Value statistics(const Napi::CallbackInfo& info) {
    const ServerStatistics& s = server_->statistics();
    const double values[] = {static_cast<double>(s.connectionsOpen),      static_cast<double>(s.connectionsAccepted),
                             static_cast<double>(s.connectionsRefused),   static_cast<double>(s.framesReceived),
                             static_cast<double>(s.bytesReceived),        static_cast<double>(s.egress.bytesFromMemory),
                             static_cast<double>(s.egress.bytesCopied),   static_cast<double>(s.egress.bytesSendfile),
                             static_cast<double>(s.recvCalls),            static_cast<double>(s.egress.sendCalls),
                             static_cast<double>(s.egress.sendfileCalls), static_cast<double>(s.egress.preadCalls),
                             static_cast<double>(server_->bufferBytes()),  static_cast<double>(server_->bufferBytesInUse()),
                             static_cast<double>(server_->sendQueueBytes()), static_cast<double>(s.acceptPauses),
                             static_cast<double>(s.egress.coldStops)};
    Napi::Float64Array out = Napi::Float64Array::New(info.Env(), std::size(values));
    std::copy(std::begin(values), std::end(values), out.Data());
    return out;
  }

  // Server::Sink

  void deliver(const std::vector<ServerEvent>& events) override {
    if (environmentEnds_) return;
    Napi::HandleScope scope(env_);
    for (std::size_t done = 0; done < events.size();) {
      const std::size_t count = std::min(kEventsPerCall, events.size() - done);
      std::int32_t* out = events_;
      for (std::size_t i = 0; i < count; ++i, out += kEventFields) {
        const ServerEvent& event = events[done + i];
        out[0] = static_cast<std::int32_t>(event.kind);
        out[1] = static_cast<std::int32_t>(event.connection);
        out[2] = event.kind == ServerEvent::Kind::kFrame ? static_cast<std::int32_t>(event.frame) : static_cast<std::int32_t>(event.reason);
        out[3] = static_cast<std::int32_t>(event.slab);
        out[4] = static_cast<std::int32_t>(event.start);
        out[5] = static_cast<std::int32_t>(event.end);
      }
      call(onEvents_.Value(), static_cast<double>(count));
      // What JavaScript did not mark as kept is done with: one call fewer per frame.
      for (std::size_t i = 0; i < count; ++i)
        if (events[done + i].kind == ServerEvent::Kind::kFrame && events_[i * kEventFields] != kKept) server_->releaseFrame(events[done + i].frame);
      done += count;
    }
  }

  void closed() override {
    const napi_async_cleanup_hook_handle hook = std::exchange(cleanupHook_, nullptr);
    if (!environmentEnds_) {
      Napi::HandleScope scope(env_);
      call(onClosed_.Value(), 0);
      Unref();
    }
    (void)napi_remove_async_cleanup_hook(hook);  // the environment may go on to end
  }

  /// A worker thread is terminated, or the process ends by itself: there is no JavaScript any more, but the handles on the loop
  /// must be closed before this object goes.
  void environmentEnds() {
    environmentEnds_ = true;
    server_->close();
  }

  /// Into JavaScript from the loop: microtasks and nextTicks run before it returns. What it throws is the process's business.
  void call(const Napi::Function& function, double argument) {
    napi_value value;
    napi_create_double(env_, argument, &value);
    napi_value result;
    const napi_status status = napi_make_callback(env_, context_, Value(), function, 1, &value, &result);
    if (status != napi_pending_exception) return;
    napi_value error;
    napi_get_and_clear_last_exception(env_, &error);
    napi_fatal_exception(env_, error);
  }

  // SlabMemory

  std::uint8_t* allocate(std::uint32_t index, std::size_t capacity) override {
    if (environmentEnds_) return nullptr;
    Napi::HandleScope scope(env_);
    void* data = nullptr;
    napi_value buffer;
    if (napi_create_buffer(env_, capacity, &data, &buffer) != napi_ok) return nullptr;
    slabs_.Value().Set(index, Napi::Value(env_, buffer));
    return static_cast<std::uint8_t*>(data);
  }

  void free(std::uint32_t index) override {
    if (environmentEnds_) return;
    Napi::HandleScope scope(env_);
    slabs_.Value().Set(index, env_.Undefined());
  }

  Napi::Env env_;
  napi_async_context context_ = nullptr;
  Napi::ObjectReference slabs_;
  Napi::Reference<Napi::Int32Array> eventsReference_;
  std::int32_t* events_ = nullptr;
  Napi::FunctionReference onEvents_;
  Napi::FunctionReference onClosed_;
  std::shared_ptr<NetworkLimits> limits_;
  std::unique_ptr<Server> server_;
  napi_async_cleanup_hook_handle cleanupHook_ = nullptr;
  bool environmentEnds_ = false;
  std::shared_ptr<HandleTable<NativeServer>> handles_;
  std::uint32_t handle_ = 0;
};

namespace {

/// setOutput(bytes): the buffer that the next `sendFrame` calls are about. Held until another is given.
Napi::Value setOutput(const Napi::CallbackInfo& info) {
  AddonData& data = addonData(info.Env());
  data.output = bytesOf(info.Env(), info[0]);
  data.outputReference = Napi::Persistent(info[0].As<Napi::Object>());
  return info.Env().Undefined();
}

/// sendFrame(). Block in: server, connection, length, number of links, whether more follows, whether its request may be repeated, then
/// for each link the position it comes before and its region.
napi_value sendFrame(napi_env env, napi_callback_info info) {
  AddonData& data = boundData(env, info);
  if (NativeServer* const server = data.servers->at(data.block[0]); server != nullptr) server->sendFrame(data.regions, data.output, data.block);
  return nullptr;
}

}  // namespace

void initNetBinding(Napi::Env env, Napi::Object exports) {
  exports.Set("setOutput", Napi::Function::New(env, setOutput, "setOutput"));
  defineFast(env, exports, "sendFrame", sendFrame);
  exports.Set("NativeNetwork", NativeNetwork::define(env));
  exports.Set("NativeServer", NativeServer::define(env));
}

}  // namespace millrace
