#include "server_scene.h"

using namespace millrace;

namespace {

using Kind = ServerEvent::Kind;

/// Waits for the next event of a kind; its connection's number.
std::uint32_t connectionOf(ServerScene& scene, Kind kind, std::size_t nth = 0) {
  const auto find = [&]() -> const ServerEvent* {
    std::size_t seen = 0;
    for (const ServerEvent& event : scene.events)
      if (event.kind == kind && seen++ == nth) return &event;
    return nullptr;
  };
  (void)scene.until([&] { return find() != nullptr; });
  return find() == nullptr ? UINT32_MAX : find()->connection;
}

}  // namespace

TEST(a_number_is_not_used_again_before_its_close_was_delivered) {
  // JavaScript closes a connection while it is told something, and answers a request of it before it hears of the close: a produce
  // that waited for its flush. Meanwhile somebody else has connected.
  ServerScene scene;
  Peer first(scene.server->port());
  const std::uint32_t number = connectionOf(scene, Kind::kOpen);
  scene.onEvent = [&](const ServerEvent& event) {
    if (event.kind == Kind::kFrame) {
      scene.server->releaseFrame(event.frame);
      scene.server->closeConnection(event.connection, CloseReason::kServerClosed, true);
    }
  };
  CHECK(first.write(frameOf(20, 1)));
  // One turn after the other; after each, in the place of another handle's callback in the next poll phase, the late answer.
  uv_async_t flushed;
  static ServerScene* current;
  static std::uint32_t late;
  current = &scene;
  late = number;
  uv_async_init(&scene.loop, &flushed, [](uv_async_t*) {
    bool told = false;
    for (const ServerEvent& event : current->events) told = told || (event.kind == Kind::kClose && event.connection == late);
    if (told) return;
    const std::uint8_t secret[] = {1, 2, 3};
    current->server->sendBytes(late, secret, sizeof secret);
    current->server->sendDone(late);
  });
  CHECK(scene.until([&] {
    return std::any_of(scene.events.begin(), scene.events.end(), [](const ServerEvent& event) { return event.kind == Kind::kFrame; });
  }));
  Peer second(scene.server->port());
  for (int i = 0; i < 6; ++i) {
    uv_async_send(&flushed);
    scene.turn();
  }
  second.read();
  CHECK(!second.ended);
  CHECK_EQ(second.got.size(), 0u);
  // Once the close is delivered the number may be used again.
  const std::uint32_t other = connectionOf(scene, Kind::kOpen, 1);
  CHECK(other != number);
  Peer third(scene.server->port());
  CHECK_EQ(connectionOf(scene, Kind::kOpen, 2), number);
  uv_close(&flushed, nullptr);
  scene.turn();
}

TEST(what_is_sent_to_a_connection_that_was_closed_meanwhile_lets_go_of_its_pins) {
  const RegionFile file(200'000);
  ServerScene scene;
  Peer one(scene.server->port());
  Peer two(scene.server->port());
  const std::uint32_t first = connectionOf(scene, Kind::kOpen, 0);
  const std::uint32_t second = connectionOf(scene, Kind::kOpen, 1);
  int seen = 0;
  scene.onEvent = [&](const ServerEvent& event) {
    if (event.kind != Kind::kFrame) return;
    ++seen;
    scene.server->releaseFrame(event.frame);
    // Everybody is closed in the middle of a delivery; the answers come all the same.
    scene.server->closeConnection(first, CloseReason::kServerClosed, false);
    scene.server->closeConnection(second, CloseReason::kServerClosed, false);
    scene.server->sendBytes(event.connection, file.content.data(), 100);
    scene.server->sendRegion(event.connection, file.region(0, 200'000));
    scene.server->sendRegion(event.connection, file.region(0, 100));
    scene.server->sendDone(event.connection);
  };
  CHECK(one.write(frameOf(20, 1)) && two.write(frameOf(20, 2)));
  CHECK(scene.until([&] { return scene.server->statistics().connectionsOpen == 0; }));
  CHECK(seen >= 1);
  CHECK_EQ(file.fd.use_count(), 1);
  CHECK_EQ(scene.server->sendQueueBytes(), 0u);
  CHECK_EQ(scene.server->bufferBytesInUse(), 0u);
  one.read();
  two.read();
  CHECK(one.ended && one.got.empty());
  CHECK(two.ended && two.got.empty());
}

TEST(a_peer_that_is_lost_while_a_region_leaves_is_owed_nothing) {
  const RegionFile file(200'000);
  ServerScene scene;
  Peer peer(scene.server->port());
  const std::vector<std::uint8_t> before(30, 1);
  const std::vector<std::uint8_t> behind(7, 2);
  int seen = 0;
  scene.onEvent = [&](const ServerEvent& event) {
    if (event.kind != Kind::kFrame) return;
    scene.server->releaseFrame(event.frame);
    if (++seen == 3) {
      fake().mode = FakeSocket::Mode::kFaked;
      fake().failWith = EPIPE;
    }
    scene.server->sendAround(event.connection, before, file.region(0, 5000), behind);
    fake().mode = FakeSocket::Mode::kReal;
  };
  for (int i = 1; i <= 3; ++i) {
    CHECK(peer.write(frameOf(20, 1)));
    CHECK(scene.until([&] { return seen == i; }));
  }
  CHECK(scene.until([&] { return scene.server->statistics().connectionsOpen == 0; }));
  const EgressStatistics& egress = scene.server->statistics().egress;
  CHECK_EQ(egress.sendCalls, 3u);
  CHECK_EQ(egress.preadCalls, 1u);  // from the second on it is mapped
  CHECK_EQ(egress.bytesCopied, 10'000u);
  CHECK_EQ(scene.server->sendQueueBytes(), 0u);
  CHECK_EQ(file.fd.use_count(), 1);
}

TEST(frames_of_a_closed_connection_do_not_count_for_the_next_one_with_its_number) {
  ServerOptions options;
  options.frames.maxUnreleasedFrames = 4;
  ServerScene scene(options);
  std::vector<std::uint32_t> held;
  scene.onEvent = [&](const ServerEvent& event) {
    if (event.kind == Kind::kFrame) held.push_back(event.frame);
  };
  Peer first(scene.server->port());
  for (int i = 0; i < 4; ++i) CHECK(first.write(frameOf(20, 1)));
  CHECK(scene.until([&] { return held.size() == 4; }));
  const std::uint32_t number = connectionOf(scene, Kind::kOpen);
  first.reset();
  CHECK_EQ(connectionOf(scene, Kind::kClose), number);
  scene.rest();
  Peer second(scene.server->port());
  CHECK_EQ(connectionOf(scene, Kind::kOpen, 1), number);
  const auto old = std::move(held);
  held = {};
  for (int i = 0; i < 8; ++i) CHECK(second.write(frameOf(20, 2)));
  CHECK(scene.until([&] { return held.size() == 4; }));
  for (const std::uint32_t frame : old) scene.server->releaseFrame(frame);
  scene.rest();
  CHECK_EQ(held.size(), 4u);  // four of its own are not released: the limit holds
  for (const std::uint32_t frame : old) scene.server->releaseFrame(frame);  // twice: nothing happens
  scene.rest();
  CHECK_EQ(held.size(), 4u);
  const auto own = held;
  for (const std::uint32_t frame : own) scene.server->releaseFrame(frame);
  CHECK(scene.until([&] { return held.size() == 8; }));
  for (const std::uint32_t frame : held) scene.server->releaseFrame(frame);
  CHECK_EQ(scene.limits->requests.requests(), 0u);
  CHECK_EQ(scene.limits->requests.bytes(), 0u);
}

TEST(a_listener_without_memory_or_descriptors_rests_instead_of_spinning) {
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
    ServerScene scene;
    fake().failAccept = error;
    fake().recording = true;
    Peer peer(scene.server->port());
    CHECK(scene.until([] { return fake().count(FakeSocket::Kind::kAccept) > 0; }));
    for (int i = 0; i < 50; ++i) scene.turn();
    CHECK(fake().count(FakeSocket::Kind::kAccept) <= 4);
    fake().failAccept = 0;
    scene.rest();
    CHECK_EQ(scene.server->statistics().connectionsOpen, 0u);
    CHECK_EQ(fakeTimers(&scene.loop), 1);
    CHECK(scene.until([&] { return scene.server->statistics().connectionsOpen == 1; }));
  }
}

TEST(a_connection_that_is_not_there_any_more_does_not_stop_the_listener) {
  ServerScene scene;
  fake().failAccept = ECONNABORTED;
  fake().recording = true;
  Peer peer(scene.server->port());
  scene.turn(10);
  CHECK(fake().count(FakeSocket::Kind::kAccept) >= 1 && fake().count(FakeSocket::Kind::kAccept) <= 64);
  fake().failAccept = 0;
  CHECK(scene.until([&] { return scene.server->statistics().connectionsOpen == 1; }));
}

TEST(nobody_starves_beside_greedy_connections) {
  constexpr std::size_t kGreedy = 12;
  ServerOptions options;
  options.frames.maxUnreleasedFrames = 64;
  ServerScene scene(options);
  std::vector<Peer> greedy;
  for (std::size_t i = 0; i < kGreedy; ++i) greedy.emplace_back(scene.server->port());
  Peer small(scene.server->port());
  CHECK(scene.until([&] { return scene.server->statistics().connectionsOpen == kGreedy + 1; }));
  const std::vector<std::uint8_t> answer = frameOf(8, 7);
  std::vector<std::size_t> ofThisDelivery(kGreedy + 2, 0);
  std::uint64_t delivery = 0;
  std::size_t most = 0;
  std::size_t served = 0;
  std::size_t others = 0;
  scene.onEvent = [&](const ServerEvent& event) {
    if (event.kind != Kind::kFrame) return;
    if (delivery != scene.deliveries) std::fill(ofThisDelivery.begin(), ofThisDelivery.end(), 0);
    delivery = scene.deliveries;
    most = std::max(most, ++ofThisDelivery[event.connection]);
    if (event.end - event.start == 9) ++served;
    else ++others;
    scene.server->sendBytes(event.connection, answer.data(), answer.size());
    scene.server->sendDone(event.connection);
    scene.server->releaseFrame(event.frame);
  };
  std::vector<std::uint8_t> flood;
  for (int i = 0; i < 2000; ++i) {
    const auto one = frameOf(8, 1);
    flood.insert(flood.end(), one.begin(), one.end());
  }
  const auto request = frameOf(9, 2);
  for (std::size_t round = 0; round < 200; ++round) {
    for (Peer& peer : greedy) {
      (void)peer.write(flood.data(), flood.size());  // as much as the kernel takes: more than it is given turns for
      peer.read();
      peer.got.clear();
    }
    CHECK(small.write(request));
    // Its bytes are in the socket when write returns: the turn that polls it hands the request over, whatever the others have sent.
    scene.turn();
    scene.turn();
    CHECK_EQ(served, round + 1);
    small.read();
    CHECK_EQ(small.got.size(), (round + 1) * answer.size());
  }
  CHECK(most <= options.frames.maxUnreleasedFrames);
  CHECK(others >= 200 * kGreedy * options.frames.maxUnreleasedFrames / 2);  // they really were greedy
}

TEST(requests_of_a_deep_pipeline_are_handed_over_and_answered_in_order) {
  ServerScene scene;
  Peer peer(scene.server->port());
  std::vector<std::uint8_t> sent;
  std::vector<std::uint8_t> wanted;
  for (std::uint32_t i = 0; i < 512; ++i) {
    auto one = frameOf(8 + i % 300, static_cast<std::uint8_t>(i));
    storeBe<std::uint32_t>(one.data() + 4, i);
    sent.insert(sent.end(), one.begin(), one.end());
  }
  std::size_t served = 0;
  std::uint32_t next = 0;
  bool inOrder = true;
  scene.onEvent = [&](const ServerEvent& event) {
    if (event.kind != Kind::kFrame) return;
    ++served;
    auto answer = frameOf(event.end - event.start, 0);
    storeBe<std::uint32_t>(answer.data() + 4, next++);
    scene.server->sendBytes(event.connection, answer.data(), answer.size());
    scene.server->sendDone(event.connection);
    scene.server->releaseFrame(event.frame);
  };
  fake().recording = true;
  CHECK(peer.write(sent));
  CHECK(scene.until([&] {
    peer.read();
    return peer.got.size() >= sent.size();
  }));
  CHECK_EQ(served, 512u);
  std::size_t at = 0;
  for (std::uint32_t i = 0; i < 512; ++i) {
    inOrder = inOrder && loadBe<std::uint32_t>(peer.got.data() + at) == 8 + i % 300 && loadBe<std::uint32_t>(peer.got.data() + at + 4) == i;
    at += 12 + i % 300;
  }
  CHECK(inOrder);
  // What is answered in one delivery leaves in one call.
  CHECK(fake().count(FakeSocket::Kind::kSend) <= scene.deliveries + 1);
}

TEST(a_storm_of_refusals_costs_one_call_per_time_the_socket_is_ready) {
  const RegionFile file(3'000'000);
  ServerOptions options;
  options.sendfileMinBytes = 32 * 1024;
  ServerScene scene(options);
  Peer peer(scene.server->port());
  const std::uint32_t number = connectionOf(scene, Kind::kOpen);
  std::vector<std::uint8_t> wanted;
  for (int i = 0; i < 40; ++i) {
    const std::size_t size = i % 4 == 0 ? 200'000 : 900;
    scene.server->sendBytes(number, file.content.data() + i, 50);
    file.expect(wanted, static_cast<std::size_t>(i), 50);
    scene.server->sendRegion(number, file.region(static_cast<std::size_t>(i) * 1000, size));
    file.expect(wanted, static_cast<std::size_t>(i) * 1000, size);
  }
  fake().mode = FakeSocket::Mode::kFaulty;
  fake().faultPercent = 45;
  fake().recording = true;
  scene.server->sendDone(number);
  CHECK(scene.until([&] {
    peer.read();
    return peer.got.size() >= wanted.size();
  }));
  CHECK(peer.got == wanted);
  std::size_t refused = 0;
  for (const FakeSocket::Call& call : fake().calls)
    refused += (call.kind == FakeSocket::Kind::kSend || call.kind == FakeSocket::Kind::kSendfile) && call.result < 0 ? 1 : 0;
  CHECK(refused > 20);
  // EAGAIN ends a turn's sending; EINTR is repeated at once, so it may come several times in a turn.
  std::size_t sends = fake().count(FakeSocket::Kind::kSend) + fake().count(FakeSocket::Kind::kSendfile);
  CHECK(sends <= 8 * (scene.loop.polled + 1));
  CHECK_EQ(file.fd.use_count(), 1);
}

TEST(a_connection_lost_in_mid_send_gives_everything_back) {
  const RegionFile file(2'000'000);
  for (int how = 0; how < 4; ++how) {
    ServerOptions options;
    options.sendBufferBytes = 4096;
    ServerScene scene(options);
    Peer peer(scene.server->port(), 4096);
    const std::uint32_t number = connectionOf(scene, Kind::kOpen);
    for (int i = 0; i < 5; ++i) {
      scene.server->sendBytes(number, file.content.data(), 300'000);
      scene.server->sendRegion(number, file.region(0, 2'000'000));
      scene.server->sendRegion(number, file.region(0, 500));
    }
    scene.server->sendDone(number);
    scene.rest();
    peer.read(1000);
    scene.rest();
    CHECK(scene.server->sendQueueBytes() > 1'000'000);
    CHECK(file.fd.use_count() > 5);
    if (how == 0) peer.reset();
    if (how == 1) peer.close();
    if (how == 2) scene.server->closeConnection(number, CloseReason::kServerClosed, false);
    if (how == 3) {
      scene.server->expireIdle(1000, 60'000);
      scene.server->expireIdle(62'000, 60'000);
    }
    CHECK(scene.until([&] { return scene.server->statistics().connectionsOpen == 0; }));
    CHECK_EQ(scene.server->sendQueueBytes(), 0u);
    CHECK_EQ(file.fd.use_count(), 1);
    CHECK_EQ(std::count_if(scene.events.begin(), scene.events.end(), [](const ServerEvent& event) { return event.kind == Kind::kClose; }), 1);
  }
}

TEST(a_graceful_close_in_mid_send_lets_everything_arrive) {
  const RegionFile file(500'000);
  ServerOptions options;
  options.sendBufferBytes = 4096;
  ServerScene scene(options);
  Peer peer(scene.server->port(), 4096);
  const std::uint32_t number = connectionOf(scene, Kind::kOpen);
  std::vector<std::uint8_t> wanted;
  scene.server->sendBytes(number, file.content.data(), 100'000);
  file.expect(wanted, 0, 100'000);
  scene.server->sendRegion(number, file.region(1000, 400'000));
  file.expect(wanted, 1000, 400'000);
  scene.server->sendDone(number);
  scene.server->closeConnection(number, CloseReason::kServerClosed, true);
  CHECK(scene.until([&] {
    peer.read();
    return peer.ended;
  }));
  CHECK(peer.got == wanted);
}

TEST(a_muted_connection_is_not_read_and_loses_nothing) {
  ServerScene scene;
  Peer peer(scene.server->port());
  CHECK(peer.write(frameOf(100, 1)));
  const auto frames = [&] { return scene.server->statistics().framesReceived; };
  CHECK(scene.until([&] { return frames() == 1; }));
  const std::uint32_t connection = scene.events.front().connection;
  scene.server->mute(connection, true);
  // Far less than a connection may have read without an answer.
  const std::vector<std::uint8_t> frame = frameOf(10'000, 2);
  constexpr std::uint64_t kFrames = 20;
  std::uint64_t written = 0;
  while (written < kFrames && peer.write(frame)) ++written;
  CHECK_EQ(written, kFrames);
  const std::uint64_t before = scene.server->statistics().bytesReceived;
  const std::uint64_t calls = scene.server->statistics().recvCalls;
  scene.rest(50);
  CHECK_EQ(scene.server->statistics().bytesReceived, before);
  CHECK_EQ(scene.server->statistics().recvCalls, calls);
  CHECK_EQ(frames(), 1u);
  // What is sent leaves meanwhile.
  const std::vector<std::uint8_t> answer = frameOf(16, 3);
  scene.server->sendBytes(connection, answer.data(), answer.size());
  scene.server->sendDone(connection);
  CHECK(scene.until([&] {
    peer.read();
    return peer.got.size() == answer.size();
  }));
  CHECK_EQ(frames(), 1u);
  scene.server->mute(connection, false);
  CHECK(scene.until([&] { return frames() == 1 + kFrames; }));
}

TEST(a_muted_connection_gives_back_its_place_in_the_budget_and_takes_it_again) {
  auto limits = std::make_shared<NetworkLimits>();
  limits->requests.configure(100, 1000);
  ServerScene scene({}, limits);
  Peer slow(scene.server->port());
  const std::vector<std::uint8_t> large = frameOf(900, 1);
  CHECK_EQ(slow.write(large.data(), 100), 100u);
  CHECK(scene.until([&] { return limits->requests.bytes() == 900; }));
  scene.server->mute(scene.events.front().connection, true);
  CHECK_EQ(limits->requests.bytes(), 0u);
  CHECK_EQ(slow.write(large.data() + 100, large.size() - 100), large.size() - 100);
  scene.rest(20);
  CHECK_EQ(scene.server->statistics().framesReceived, 0u);
  scene.server->mute(scene.events.front().connection, false);
  CHECK(scene.until([&] { return scene.server->statistics().framesReceived == 1; }));
  CHECK_EQ(limits->requests.bytes(), 0u);
}
