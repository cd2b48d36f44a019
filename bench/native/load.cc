// The load client, one thread. Closed loop: every connection keeps `depth` requests in flight. Open loop (--rate): requests are due at fixed
// times whatever the answers do, and latency counts from the time a request was due. Checks order and error code of every answer; nothing
// is retried, the first error ends the run. In slices, a closed loop runs as long as it is told, waits for its answers, and rests until it is
// told again: several clients take turns within one measurement.
//
// Prints one line of JSON, with --report-every one more for every such interval. See options.h.

#include <sys/prctl.h>

#include <memory>

#include "connection.h"
#include "histogram.h"
#include "join.h"
#include "options.h"

namespace {

using bench::Bytes;
using bench::Connection;
using bench::die;
using bench::Histogram;
using bench::loadBe;
using bench::Mode;
using bench::nowNs;
using bench::Options;
using bench::Sent;

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr int kSendsPerTurn = 64;  // without answers to wait for, of one connection

Bytes readFile(const std::string& path) {
  Bytes out;
  std::FILE* const file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) die(path.c_str());
  std::uint8_t piece[65536];
  for (std::size_t n = std::fread(piece, 1, sizeof piece, file); n > 0; n = std::fread(piece, 1, sizeof piece, file)) out.insert(out.end(), piece, piece + n);
  std::fclose(file);
  return out;
}

class Load {
 public:
  explicit Load(const Options& options) : options_(options), poll_(::epoll_create1(EPOLL_CLOEXEC)), join_(options.partitions, 1) {
    const Options& o = options_;
    if (o.mode == Mode::kProduce || o.mode == Mode::kEndToEnd) {
      timespec t{};
      ::clock_gettime(CLOCK_REALTIME, &t);
      const std::int64_t nowMs = t.tv_sec * 1000 + t.tv_nsec / 1'000'000;
      if (!o.batchFile.empty()) batch_ = readFile(o.batchFile);
      else if (o.batchBytes > 0) batch_ = bench::makeBatchOfSize(o.batchBytes, nowMs);
      else batch_ = bench::makeBatch(o.recordBytes, o.records, nowMs);
      if (batch_.size() <= millrace::batch::kHeaderBytes) bench::usage("no batch has this size");
      records_ = millrace::BatchHeader::load(batch_.data()).recordCount;
      header_ = bench::produceHeader(o.topic, o.acks, batch_.size());
      partitionAt_ = bench::producePartitionAt(o.topic);
    } else if (o.mode == Mode::kFetch) {
      header_ = bench::fetchRequest(o.topic, {{0, 0}}, 0, static_cast<std::int32_t>(o.batchBytes > 0 ? o.batchBytes : o.recordBytes));
      partitionAt_ = bench::fetchPartitionAt(o.topic);
    } else {
      header_ = bench::apiVersionsRequest();
    }
    join_ = bench::Join(o.partitions, records_);
    for (int i = 0; i < o.connections; ++i) {
      connections_.push_back(std::make_unique<Connection>(o.port, poll_));
      connections_.back()->index = static_cast<std::size_t>(i);
      nextPartition_.push_back(i % o.partitions);
    }
    if (o.mode == Mode::kEndToEnd) addConsumers();
  }

  int run() {
    if (!options_.slices) runFor(static_cast<std::int64_t>(options_.seconds * 1e9));
    else
      for (double ms = 0; std::scanf("%lf", &ms) == 1;) {
        runFor(static_cast<std::int64_t>(ms * 1e6));
        std::printf("{}\n");
        std::fflush(stdout);
      }
    report();
    return 0;
  }

 private:
  [[nodiscard]] std::int64_t reportEveryNs() const { return static_cast<std::int64_t>(options_.reportEvery * 1e9); }

  /// A slice, or all of it.
  void runFor(std::int64_t ns) {
    begunNs_ = nowNs();
    endNs_ = begunNs_ + ns;
    lastNs_ = begunNs_ + 1;
    stopping_ = false;
    nextReportNs_ = options_.reportEvery > 0 ? begunNs_ + reportEveryNs() : INT64_MAX;
    for (auto& consumer : consumers_) fetchNext(*consumer);
    if (options_.rate <= 0)
      for (auto& connection : connections_) pump(*connection);
    epoll_event events[256];
    for (;;) {
      const std::int64_t now = nowNs();
      if (!stopping_ && now >= endNs_) stop();
      if (stopping_ && (stopped() || giveUp(now))) break;
      releaseDue(std::min(now, endNs_));
      if (now >= nextReportNs_) reportInterval(now);
      const int count = waitForEvents(events);
      for (int i = 0; i < count; ++i) onEvent(*static_cast<Connection*>(events[i].data.ptr));
      if (options_.acks == 0 && options_.rate <= 0)
        for (auto& connection : connections_) pump(*connection);
    }
    ranNs_ += lastNs_ - begunNs_;
  }

  [[nodiscard]] bool isProducer(const Connection& c) const { return c.index < connections_.size(); }
  [[nodiscard]] bool answered() const { return options_.mode != Mode::kProduce || options_.acks != 0; }
  [[nodiscard]] std::int64_t dueNs(std::uint64_t request) const { return begunNs_ + static_cast<std::int64_t>(static_cast<double>(request) * 1e9 / options_.rate); }

  [[nodiscard]] bool allBlocked() const {
    return std::all_of(connections_.begin(), connections_.end(), [](const auto& c) { return c->sending(); });
  }

  int waitForEvents(epoll_event* events) {
    const bool busy = !answered() && options_.rate <= 0 && !stopping_ && !allBlocked();
    std::int64_t until = stopping_ ? nowNs() + kSecondNs / 10 : std::min(endNs_, nextReportNs_);
    if (!stopping_ && options_.rate > 0) until = std::min(until, dueNs(released_));
    const std::int64_t leftNs = busy ? 0 : std::max<std::int64_t>(0, until - nowNs());
    const timespec timeout{leftNs / kSecondNs, leftNs % kSecondNs};
    return ::epoll_pwait2(poll_, events, 256, &timeout, nullptr);
  }

  void onEvent(Connection& c) {
    if (isProducer(c)) {
      c.receive([&](const std::uint8_t* frame, std::size_t size, Sent sent, std::int64_t ns) { onAnswer(frame, size, sent, ns); });
      pump(c);
      return;
    }
    bool more = false;
    c.receive([&](const std::uint8_t* frame, std::size_t size, Sent, std::int64_t ns) {
      onRecords(c, frame, size, ns);
      more = true;
    });
    if (c.sending()) c.flush();
    if (more && !stopped()) fetchNext(c);
  }

  /// Requests that are due by `ns` go to the connections in turn.
  void releaseDue(std::int64_t ns) {
    if (options_.rate <= 0) return;
    for (; dueNs(released_) < ns; ++released_) {
      Connection& c = *connections_[released_ % connections_.size()];
      c.waiting.push_back(dueNs(released_));
      pump(c);
    }
  }

  void pump(Connection& c) {
    if (c.sending() && !c.flush()) return;
    const auto depth = static_cast<std::size_t>(options_.depth);
    for (int sends = 0; sends < kSendsPerTurn && c.inFlight() < depth; ++sends) {
      std::int64_t intendedNs = 0;
      if (options_.rate > 0) {
        if (c.waiting.empty()) return;
        intendedNs = c.waiting.front();
        c.waiting.pop_front();
      } else {
        if (stopping_) return;
        intendedNs = nowNs();
      }
      send(c, intendedNs, options_.acks);
      if (c.sending()) return;
    }
  }

  void send(Connection& c, std::int64_t intendedNs, std::int16_t acks) {
    const bool withAnswer = options_.mode != Mode::kProduce || acks != 0;
    std::int32_t& partition = nextPartition_[c.index];
    if (options_.vary) ++header_[bench::kFetchWaitAt];
    c.begin(header_, batch_, {intendedNs, partition}, withAnswer);
    if (partitionAt_ > 0) bench::storeBe<std::int32_t>(c.header().data() + partitionAt_, partition);
    if (acks != options_.acks) bench::storeBe<std::int16_t>(c.header().data() + bench::kProduceAcksAt, acks);
    partition = static_cast<std::int32_t>((static_cast<std::size_t>(partition) + connections_.size()) % static_cast<std::size_t>(options_.partitions));
    c.flush();
    if (withAnswer) return;
    const std::int64_t ns = nowNs();
    count(ns - intendedNs, batch_.size(), ns);
  }

  void onAnswer(const std::uint8_t* frame, std::size_t size, Sent sent, std::int64_t ns) {
    answerBytes_ = size;
    const std::size_t topic = options_.topic.size();
    std::size_t at = 8;
    if (options_.mode == Mode::kFetch) at = 8 + 4 + 2 + 4 + 4 + 2 + topic + 4 + 4;
    else if (options_.mode != Mode::kTiny) at = 8 + 4 + 2 + topic + 4 + 4;
    check(loadBe<std::int16_t>(frame + at));
    const std::int64_t latency = ns - sent.intendedNs;
    if (options_.mode == Mode::kEndToEnd) {
      acknowledged_.record(latency);
      if (const auto whole = join_.sent(sent.partition, loadBe<std::int64_t>(frame + at + 2), sent.intendedNs)) count(*whole, batch_.size(), ns);
      return;
    }
    std::size_t payload = batch_.size();
    if (options_.mode == Mode::kTiny) payload = size;
    if (options_.mode == Mode::kFetch) {
      payload = size - (at + 2 + 8 + 8 + 8 + 4 + 4 + 4);
      if (payload == 0 || payload > size) die("a Fetch found no records");
    }
    count(latency, payload, ns);
  }

  void addConsumers() {
    for (int i = 0; i < options_.consumers; ++i) {
      consumers_.push_back(std::make_unique<Connection>(options_.port, poll_));
      consumers_.back()->index = connections_.size() + static_cast<std::size_t>(i);
      positions_.emplace_back();
      for (int p = i; p < options_.partitions; p += options_.consumers) positions_.back().push_back({p, 0});
    }
  }

  void fetchNext(Connection& c) {
    c.begin(bench::fetchRequest(options_.topic, positions_[c.index - connections_.size()], 100, 1 << 20), nothing_, {}, true);
    c.flush();
  }

  void onRecords(Connection& c, const std::uint8_t* frame, std::size_t size, std::int64_t ns) {
    check(loadBe<std::int16_t>(frame + 12));
    std::size_t at = 8 + 4 + 2 + 4 + 4 + 2 + options_.topic.size();
    const auto partitions = loadBe<std::int32_t>(frame + at);
    at += 4;
    auto& positions = positions_[c.index - connections_.size()];
    for (std::int32_t i = 0; i < partitions; ++i) {
      const auto partition = loadBe<std::int32_t>(frame + at);
      check(loadBe<std::int16_t>(frame + at + 4));
      const auto aborted = loadBe<std::int32_t>(frame + at + 30);
      at += 34 + 16 * static_cast<std::size_t>(std::max(0, aborted)) + 4;
      const auto length = static_cast<std::size_t>(loadBe<std::int32_t>(frame + at));
      at += 4;
      const std::size_t end = at + length;
      if (end > size) die("a Fetch response is shorter than its records");
      while (at + millrace::batch::kHeaderBytes <= end) {
        const auto header = millrace::BatchHeader::load(frame + at);
        if (at + static_cast<std::size_t>(header.sizeBytes) > end) break;  // the last one may be cut off
        at += static_cast<std::size_t>(header.sizeBytes);
        positions[static_cast<std::size_t>(partition / options_.consumers)].offset = header.lastOffset() + 1;
        if (const auto whole = join_.seen(partition, header.baseOffset, ns)) count(*whole, batch_.size(), ns);
      }
      at = end;
    }
  }

  void check(std::int16_t code) {
    if (code == 0) return;
    std::fprintf(stderr, "load: error code %d\n", code);
    std::exit(1);
  }

  void count(std::int64_t latencyNs, std::size_t payload, std::int64_t ns) {
    latencies_.record(latencyNs);
    if (options_.reportEvery > 0) interval_.record(latencyNs);
    ++requests_;
    bytes_ += payload;
    lastNs_ = ns;
  }

  void stop() {
    releaseDue(endNs_);
    stopping_ = true;
    if (answered()) return;
    // The one answer that says that everything before it has been taken.
    for (auto& c : connections_) {
      while (c->sending() && !c->flush()) {
      }
      send(*c, nowNs(), 1);
    }
  }

  [[nodiscard]] bool stopped() const { return stopping_ && idle() && join_.pending() == 0; }
  [[nodiscard]] bool idle() const {
    for (const auto& c : connections_)
      if (c->inFlight() > 0 || c->sending() || !c->waiting.empty()) return false;
    return true;
  }

  /// An open loop faster than the server leaves requests behind: they count with the time they have waited so far.
  bool giveUp(std::int64_t now) {
    if (now < endNs_ + 10 * kSecondNs) return false;
    if (options_.rate <= 0) die("answers are missing");
    for (auto& c : connections_)
      for (const std::int64_t intendedNs : c->waiting) {
        latencies_.record(now - intendedNs);
        ++unsent_;
      }
    return true;
  }

  void reportInterval(std::int64_t now) {
    std::printf("{\"atSeconds\":%.1f,\"requests\":%llu,\"p50Ms\":%.3f,\"p99Ms\":%.3f,\"maxMs\":%.3f}\n", static_cast<double>(now - begunNs_) / 1e9,
                static_cast<unsigned long long>(interval_.total()), ms(interval_.quantile(0.5)), ms(interval_.quantile(0.99)), ms(interval_.max()));
    std::fflush(stdout);
    interval_.clear();
    nextReportNs_ += reportEveryNs();
  }

  static double ms(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

  void report() const {
    const double elapsed = static_cast<double>(ranNs_) / 1e9;
    const auto requests = static_cast<double>(requests_);
    std::printf("{\"requests\":%.0f,\"requestsPerSecond\":%.1f,\"recordsPerSecond\":%.0f,\"mbPerSecond\":%.3f,\"bytes\":%.0f,\"seconds\":%.4f,", requests,
                requests / elapsed, requests * static_cast<double>(records_) / elapsed, static_cast<double>(bytes_) / 1e6 / elapsed, static_cast<double>(bytes_), elapsed);
    std::printf("\"p50Ms\":%.4f,\"p99Ms\":%.4f,\"p999Ms\":%.4f,\"maxMs\":%.4f,\"answerBytes\":%zu,\"unsent\":%llu,", ms(latencies_.quantile(0.5)),
                ms(latencies_.quantile(0.99)), ms(latencies_.quantile(0.999)), ms(latencies_.max()), answerBytes_, static_cast<unsigned long long>(unsent_));
    if (options_.mode == Mode::kEndToEnd) std::printf("\"acknowledgedP99Ms\":%.4f,", ms(acknowledged_.quantile(0.99)));
    std::printf("\"histogramNs\":%s}\n", latencies_.json().c_str());
  }

  Options options_;
  int poll_;
  Bytes batch_;
  Bytes header_;
  const Bytes nothing_;
  std::size_t partitionAt_ = 0;
  int records_ = 1;
  bench::Join join_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::int32_t> nextPartition_;  // of each connection
  std::vector<std::unique_ptr<Connection>> consumers_;
  std::vector<std::vector<bench::FetchPosition>> positions_;  // of each consumer
  Histogram latencies_;
  Histogram interval_;
  Histogram acknowledged_;
  std::int64_t begunNs_ = 0;
  std::int64_t endNs_ = 0;
  std::int64_t lastNs_ = 0;
  std::int64_t ranNs_ = 0;  // in all slices
  std::int64_t nextReportNs_ = 0;
  std::uint64_t released_ = 0;
  std::uint64_t requests_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t unsent_ = 0;
  std::size_t answerBytes_ = 0;
  bool stopping_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  const Options options = bench::parseOptions(argc, argv);
  ::prctl(PR_SET_TIMERSLACK, 1);  // due times are kept to the microsecond, not to 50
  return Load(options).run();
}
