#include "../../native/net/repeated_fetch.h"

#include "server_scene.h"

using namespace millrace;

namespace {

using Kind = ServerEvent::Kind;

constexpr std::int64_t kBatchBytes = 100;
constexpr std::int64_t kBatches = 50;
constexpr std::size_t kPartitionRequestBytes = 16;  // number, offset, trailer

/// One batch of 100 bytes at each offset from `start` on.
struct Log {
  RegionFile file{static_cast<std::size_t>(kBatches * kBatchBytes)};
  std::int64_t start = 0;
  std::int64_t end = kBatches;
  bool fails = false;
  int reads = 0;
};

class LogRecords : public RepeatedFetch::Records {
 public:
  explicit LogRecords(Log& log) : log_(log) {}
  bool read(std::int64_t offset, std::int64_t limitBytes, bool first, bool, RepeatedFetch::Found& found) override {
    ++log_.reads;
    if (log_.fails || offset < log_.start || offset > log_.end) return false;
    found.highWatermark = log_.end;
    found.logStartOffset = log_.start;
    const std::int64_t fitting = std::max<std::int64_t>(limitBytes / kBatchBytes, first ? 1 : 0);
    const std::int64_t count = std::min(log_.end - offset, fitting);
    if (count > 0) found.region = log_.file.region(static_cast<std::size_t>(offset * kBatchBytes), static_cast<std::size_t>(count * kBatchBytes));
    return true;
  }

 private:
  Log& log_;
};

using Bytes = std::vector<std::uint8_t>;

template <typename T>
void put(Bytes& out, T value) {
  out.resize(out.size() + sizeof value);
  storeBe<T>(out.data() + out.size() - sizeof value, value);
}

/// With its length prefix.
Bytes request(std::int32_t correlation, const std::vector<std::int64_t>& offsets) {
  Bytes out;
  put<std::uint32_t>(out, static_cast<std::uint32_t>(8 + offsets.size() * kPartitionRequestBytes));
  put<std::int32_t>(out, 0x0001000b);
  put<std::int32_t>(out, correlation);
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    put<std::int32_t>(out, static_cast<std::int32_t>(i));
    put<std::int64_t>(out, offsets[i]);
    put<std::int32_t>(out, 0x55555555);
  }
  return out;
}

void putLength(Bytes& out, bool compact, std::size_t size) {
  if (!compact) return put<std::uint32_t>(out, static_cast<std::uint32_t>(size));
  std::size_t rest = size + 1;
  for (; rest >= 0x80; rest >>= 7) out.push_back(static_cast<std::uint8_t>(rest | 0x80));
  out.push_back(static_cast<std::uint8_t>(rest));
}

struct Answer {
  std::int64_t highWatermark = 0;
  std::int64_t logStartOffset = 0;
  Bytes records;
};

Bytes response(std::int32_t correlation, bool compact, const std::vector<Answer>& answers) {
  Bytes out(4);
  put<std::int32_t>(out, correlation);
  for (const Answer& answer : answers) {
    put<std::int32_t>(out, 0x01020304);
    put<std::int64_t>(out, answer.highWatermark);
    put<std::int64_t>(out, answer.highWatermark);
    put<std::int64_t>(out, answer.logStartOffset);
    put<std::int16_t>(out, 0x0506);
    putLength(out, compact, answer.records.size());
    out.insert(out.end(), answer.records.begin(), answer.records.end());
    out.insert(out.end(), {7, 8, 9});
  }
  storeBe<std::uint32_t>(out.data(), static_cast<std::uint32_t>(out.size() - 4));
  return out;
}

Answer answerOf(const Log& log, std::int64_t offset, std::int64_t batches) {
  Answer answer{log.end, log.start, {}};
  log.file.expect(answer.records, static_cast<std::size_t>(offset * kBatchBytes), static_cast<std::size_t>(batches * kBatchBytes));
  return answer;
}

struct Shape {
  bool compact = false;
  std::int64_t maxBytes = 10 * kBatchBytes;
  std::int64_t partitionBytes = 3 * kBatchBytes;
  std::int64_t minBytes = 1;
};

std::unique_ptr<RepeatedFetch> fetchOf(const std::vector<Log*>& logs, const Shape& shape, std::uint64_t epoch) {
  RepeatedFetch::Terms terms;
  const Bytes framed = request(0, std::vector<std::int64_t>(logs.size(), 0));
  terms.request.assign(framed.begin() + 4, framed.end());
  terms.response = response(0, shape.compact, std::vector<Answer>(logs.size()));
  const std::size_t each = (terms.response.size() - 8) / logs.size();
  for (std::size_t i = 0; i < logs.size(); ++i)
    terms.partitions.push_back(
        {std::make_unique<LogRecords>(*logs[i]), shape.partitionBytes, 8 + i * kPartitionRequestBytes + 4, 8 + i * each + 4, 8 + i * each + 30});
  terms.maxBytes = shape.maxBytes;
  terms.minBytes = shape.minBytes;
  terms.compactLengths = shape.compact;
  terms.epoch = epoch;
  return std::make_unique<RepeatedFetch>(std::move(terms));
}

/// A server whose JavaScript answers every request with "asked" and says that the next one may be answered by these terms.
class RepeatingScene : public ServerScene {
 public:
  explicit RepeatingScene(std::vector<Log*> given, Shape how = {}) : logs(std::move(given)), shape(how) {
    onEvent = [this](const ServerEvent& event) {
      if (event.kind != Kind::kFrame) return;
      ++asked;
      server->repeat(event.connection, fetchOf(logs, shape, limits->decisions));
      server->mayRepeat(event.connection);
      server->sendWhole(event.connection, kAsked);
      server->releaseFrame(event.frame);
    };
  }
  [[nodiscard]] std::uint64_t repeated() const { return limits->requestsRepeated; }

  inline static const Bytes kAsked = {0, 0, 0, 5, 'a', 's', 'k', 'e', 'd'};
  std::vector<Log*> logs;
  Shape shape;
  int asked = 0;
};

/// What the peer gets for `bytes`.
Bytes exchange(RepeatingScene& scene, Peer& peer, const Bytes& bytes, std::size_t answerBytes) {
  peer.got.clear();
  if (!peer.write(bytes)) return {};
  (void)scene.until([&] {
    peer.read();
    return peer.got.size() >= answerBytes;
  });
  scene.rest();
  peer.read();
  return peer.got;
}

bool isAsked(RepeatingScene& scene, Peer& peer, const Bytes& bytes) {
  return exchange(scene, peer, bytes, RepeatingScene::kAsked.size()) == RepeatingScene::kAsked;
}

}  // namespace

TEST(a_repeated_fetch_is_answered_with_its_own_numbers_and_records) {
  for (const bool compact : {false, true}) {
    Log log;
    RepeatingScene scene({&log}, {compact});
    Peer peer(scene.server->port());
    CHECK(isAsked(scene, peer, request(1, {0})));
    // Offset, batches that come: the partition's limit holds them to three, the end to fewer.
    for (const auto& [offset, batches] : std::vector<std::pair<std::int64_t, std::int64_t>>{{0, 3}, {7, 3}, {kBatches - 2, 2}, {kBatches - 1, 1}, {0, 3}}) {
      const Bytes wanted = response(77, compact, {answerOf(log, offset, batches)});
      CHECK(exchange(scene, peer, request(77, {offset}), wanted.size()) == wanted);
    }
    log.start = 5;
    log.end = 40;
    const Bytes wanted = response(-3, compact, {answerOf(log, 39, 1)});
    CHECK(exchange(scene, peer, request(-3, {39}), wanted.size()) == wanted);
    CHECK_EQ(scene.asked, 1);
    CHECK_EQ(scene.repeated(), 6u);
    CHECK_EQ(scene.server->statistics().framesReceived, 7u);
    CHECK_EQ(scene.limits->egress.topics.at(EgressTable::kOther).repeats, 6u);
    CHECK_EQ(scene.limits->egress.topics.at(EgressTable::kOther).bytesRepeated, 13u * kBatchBytes);
    CHECK_EQ(scene.limits->requests.requests(), 0u);
    CHECK_EQ(scene.limits->requests.bytes(), 0u);
    CHECK_EQ(scene.server->bufferBytesInUse(), 0u);
    scene.close();
    CHECK_EQ(log.file.fd.use_count(), 1);
  }
}

TEST(a_repeated_fetch_shares_its_bytes_among_partitions_as_they_come) {
  for (const bool compact : {false, true}) {
    Log one;
    Log two;
    Log three;
    RepeatingScene scene({&one, &two, &three}, {compact, 5 * kBatchBytes, 3 * kBatchBytes, 1});
    Peer peer(scene.server->port());
    CHECK(isAsked(scene, peer, request(1, {0, 0, 0})));
    const auto expect = [&](const std::vector<std::int64_t>& offsets, const std::vector<std::int64_t>& batches) {
      const Bytes wanted = response(9, compact, {answerOf(one, offsets[0], batches[0]), answerOf(two, offsets[1], batches[1]), answerOf(three, offsets[2], batches[2])});
      CHECK(exchange(scene, peer, request(9, offsets), wanted.size()) == wanted);
    };
    expect({0, 1, 2}, {3, 2, 0});
    // What had records last time has none now, and the other way round.
    expect({kBatches, 1, 2}, {0, 3, 2});
    expect({kBatches, kBatches, 2}, {0, 0, 3});
    expect({kBatches - 1, kBatches, 2}, {1, 0, 3});
    CHECK_EQ(scene.asked, 1);
    CHECK_EQ(scene.repeated(), 4u);
    // Nothing anywhere: that one waits, which is not ours.
    CHECK(isAsked(scene, peer, request(9, {kBatches, kBatches, kBatches})));
  }
}

TEST(the_first_batch_comes_whole_whatever_the_limits_say) {
  Log log;
  RepeatingScene scene({&log}, {false, 10, 10, 1});
  Peer peer(scene.server->port());
  CHECK(isAsked(scene, peer, request(1, {0})));
  const Bytes wanted = response(2, false, {answerOf(log, 4, 1)});
  CHECK(exchange(scene, peer, request(2, {4}), wanted.size()) == wanted);
}

TEST(what_is_not_quite_the_same_request_is_javascripts) {
  Log log;
  RepeatingScene scene({&log});
  Peer peer(scene.server->port());
  CHECK(isAsked(scene, peer, request(1, {0})));
  const Bytes same = request(1, {0});
  // Any other bit but in correlation id and offset.
  for (std::size_t at = 4; at < same.size(); ++at) {
    const bool changes = (at >= 8 && at < 12) || (at >= 16 && at < 24);
    Bytes other = same;
    other[at] ^= at == 23 ? 1 : 0x10;
    if (changes && at != 23 && at >= 16) continue;  // an offset far behind the end: below
    const int before = scene.asked;
    (void)exchange(scene, peer, other, RepeatingScene::kAsked.size());
    CHECK_EQ(scene.asked, changes ? before : before + 1);
  }
  Bytes longer = request(1, {0});
  longer.push_back(0);
  storeBe<std::uint32_t>(longer.data(), static_cast<std::uint32_t>(longer.size() - 4));
  CHECK(isAsked(scene, peer, longer));
  Bytes shorter = request(1, {0});
  shorter.pop_back();
  storeBe<std::uint32_t>(shorter.data(), static_cast<std::uint32_t>(shorter.size() - 4));
  CHECK(isAsked(scene, peer, shorter));
}

TEST(where_the_log_says_no_the_repeated_fetch_is_javascripts) {
  Log log;
  RepeatingScene scene({&log}, {false, 10 * kBatchBytes, 3 * kBatchBytes, 2 * kBatchBytes});
  Peer peer(scene.server->port());
  CHECK(isAsked(scene, peer, request(1, {0})));
  log.start = 10;
  const std::vector<std::int64_t> refused = {9, kBatches, kBatches + 1, -1, kBatches - 1 /* less than is waited for */};
  for (const std::int64_t offset : refused) CHECK(isAsked(scene, peer, request(1, {offset})));
  log.fails = true;
  CHECK(isAsked(scene, peer, request(1, {20})));
  log.fails = false;
  CHECK_EQ(scene.repeated(), 0u);
  const Bytes wanted = response(1, false, {answerOf(log, 20, 3)});
  CHECK(exchange(scene, peer, request(1, {20}), wanted.size()) == wanted);
}

TEST(a_change_that_answers_may_depend_on_ends_what_was_said) {
  Log log;
  RepeatingScene scene({&log});
  Peer peer(scene.server->port());
  CHECK(isAsked(scene, peer, request(1, {0})));
  ++scene.limits->decisions;
  const int readsBefore = log.reads;
  CHECK(isAsked(scene, peer, request(2, {0})));
  CHECK_EQ(log.reads, readsBefore);
  (void)exchange(scene, peer, request(3, {0}), 100);
  CHECK_EQ(scene.repeated(), 1u);
}

TEST(nothing_is_repeated_while_javascript_has_a_request_of_the_connection) {
  Log log;
  RepeatingScene scene({&log});
  Peer peer(scene.server->port());
  CHECK(isAsked(scene, peer, request(1, {0})));
  // JavaScript takes its time with one; the fetch behind it is not answered before it.
  const auto usual = scene.onEvent;
  std::vector<ServerEvent> kept;
  scene.onEvent = [&](const ServerEvent& event) {
    if (event.kind == Kind::kFrame) kept.push_back(event);
  };
  const Bytes other = frameOf(20, 3);
  CHECK(peer.write(other));
  CHECK(scene.until([&] { return kept.size() == 1; }));
  CHECK(peer.write(request(5, {0})));
  CHECK(scene.until([&] { return kept.size() == 2; }));
  CHECK_EQ(scene.repeated(), 0u);
  // Said too early: there is one more of the connection.
  scene.server->mayRepeat(kept[0].connection);
  scene.server->sendWhole(kept[0].connection, RepeatingScene::kAsked);
  scene.server->releaseFrame(kept[0].frame);
  CHECK(peer.write(request(6, {0})));
  CHECK(scene.until([&] { return kept.size() == 3; }));
  CHECK_EQ(scene.repeated(), 0u);
  for (std::size_t i = 1; i < kept.size(); ++i) scene.server->releaseFrame(kept[i].frame);
  scene.onEvent = usual;
  peer.read();
  CHECK(isAsked(scene, peer, request(7, {0})));
  (void)exchange(scene, peer, request(8, {0}), 100);
  CHECK_EQ(scene.repeated(), 1u);
  // What comes behind something else in the same bytes is that one's, too.
  Bytes both = frameOf(20, 3);
  const Bytes fetch = request(9, {0});
  both.insert(both.end(), fetch.begin(), fetch.end());
  const int before = scene.asked;
  (void)exchange(scene, peer, both, 2 * RepeatingScene::kAsked.size());
  CHECK_EQ(scene.asked, before + 2);
  CHECK_EQ(scene.repeated(), 1u);
}

TEST(a_muted_connection_repeats_nothing_until_javascript_has_answered_again) {
  Log log;
  RepeatingScene scene({&log});
  Peer peer(scene.server->port());
  CHECK(isAsked(scene, peer, request(1, {0})));
  const std::uint32_t connection = scene.events.front().connection;
  scene.server->mute(connection, true);
  peer.got.clear();
  CHECK(peer.write(request(2, {0})));
  scene.rest(20);
  CHECK_EQ(peer.read(), 0u);
  scene.server->mute(connection, false);
  CHECK(scene.until([&] { return scene.asked == 2; }));
  CHECK_EQ(scene.repeated(), 0u);
}

TEST(many_repeated_fetches_at_once_keep_their_order_and_starve_nobody) {
  Log log;
  RepeatingScene scene({&log}, {false, kBatchBytes, kBatchBytes, 1});
  Peer greedy(scene.server->port());
  Peer modest(scene.server->port());
  CHECK(isAsked(scene, greedy, request(0, {0})));
  CHECK(isAsked(scene, modest, request(0, {0})));
  constexpr int kCount = 500;
  Bytes all;
  Bytes wanted;
  for (int i = 0; i < kCount; ++i) {
    const Bytes one = request(i, {i % kBatches});
    all.insert(all.end(), one.begin(), one.end());
    const Bytes answer = response(i, false, {answerOf(log, i % kBatches, 1)});
    wanted.insert(wanted.end(), answer.begin(), answer.end());
  }
  greedy.got.clear();
  modest.got.clear();
  CHECK_EQ(greedy.write(all.data(), all.size()), all.size());
  CHECK(modest.write(request(1, {3})));
  std::uint64_t most = 0;
  std::uint64_t whenModest = 0;
  for (std::uint64_t last = 0; scene.repeated() < kCount + 1;) {
    scene.turn();
    modest.read();
    if (whenModest == 0 && !modest.got.empty()) whenModest = scene.repeated();
    most = std::max(most, scene.repeated() - last);
    last = scene.repeated();
    greedy.read();
  }
  scene.rest();
  greedy.read();
  modest.read();
  CHECK(greedy.got == wanted);
  // A turn has a poll phase and a later step, each with its share of a connection; the modest one waits for no more than these.
  CHECK(most <= 3 * 64 + 1);
  CHECK(whenModest > 0 && whenModest <= 3 * 64 + 1);
  CHECK_EQ(scene.asked, 2);
}

TEST(repeated_fetches_go_on_when_the_socket_takes_only_some_bytes) {
  Log log;
  RepeatingScene scene({&log}, {true, 20 * kBatchBytes, 20 * kBatchBytes, 1});
  Peer peer(scene.server->port());
  CHECK(isAsked(scene, peer, request(0, {0})));
  fake().mode = FakeSocket::Mode::kFaulty;
  fake().faultPercent = 40;
  for (std::int32_t i = 0; i < 300; ++i) {
    const Bytes wanted = response(i, true, {answerOf(log, i % 30, 20)});
    CHECK(exchange(scene, peer, request(i, {i % 30}), wanted.size()) == wanted);
  }
  CHECK_EQ(scene.asked, 1);
}

TEST(a_peer_that_is_lost_while_it_repeats_is_owed_nothing) {
  Log log;
  RepeatingScene scene({&log});
  Peer peer(scene.server->port());
  CHECK(isAsked(scene, peer, request(0, {0})));
  Bytes all;
  for (int i = 0; i < 100; ++i) {
    const Bytes one = request(i, {i % 40});
    all.insert(all.end(), one.begin(), one.end());
  }
  CHECK_EQ(peer.write(all.data(), all.size()), all.size());
  peer.reset();
  CHECK(scene.until([&] { return scene.server->statistics().connectionsOpen == 0; }));
  CHECK_EQ(log.file.fd.use_count(), 1);
  CHECK_EQ(scene.limits->requests.requests(), 0u);
  CHECK_EQ(scene.limits->requests.bytes(), 0u);
  CHECK_EQ(scene.server->bufferBytesInUse(), 0u);
  CHECK_EQ(scene.server->sendQueueBytes(), 0u);
}

TEST(terms_whose_positions_lie_outside_of_their_bytes_are_refused) {
  Log log;
  const auto terms = [&](std::size_t offsetAt, std::size_t numbersAt, std::size_t lengthAt) {
    RepeatedFetch::Terms made;
    made.request.resize(24);
    made.response.resize(45);
    made.partitions.push_back({std::make_unique<LogRecords>(log), 1, offsetAt, numbersAt, lengthAt});
    return RepeatedFetch(std::move(made)).valid();
  };
  CHECK(terms(12, 12, 38));
  CHECK(terms(16, 12, 41));
  CHECK(!terms(17, 12, 38));
  CHECK(!terms(7, 12, 38));
  CHECK(!terms(12, 7, 38));
  CHECK(!terms(12, 12, 35));
  CHECK(!terms(12, 12, 42));
}
