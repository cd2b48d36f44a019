#include <map>

#include "server_scene.h"

// Random peers, pieces, garbage, answers and closes against a model that knows which bytes each connection must have got.

using namespace millrace;

namespace {

using Kind = ServerEvent::Kind;

/// The k-th byte of the n-th frame of a peer.
std::uint8_t byteOf(std::uint32_t peer, std::uint32_t frame, std::size_t at) { return static_cast<std::uint8_t>(peer * 89 + frame * 31 + at * 7); }

/// A connection as the server's user sees it, from its kOpen to its kClose.
struct Live {
  std::int64_t peer = -1;  ///< known from its first frame
  std::uint32_t frames = 0;
  bool ended = false;
  bool closedHard = false;           ///< by the server's user, with what was queued thrown away
  std::vector<std::uint8_t> wanted;  ///< what was sent to it
};

struct ModelPeer {
  ModelPeer(std::uint32_t number, std::uint16_t port, int receiveBufferBytes) : id(number), socket(port, receiveBufferBytes) {}
  std::uint32_t id;
  Peer socket;
  std::vector<std::uint8_t> stream;  ///< everything it will say
  std::size_t said = 0;
  std::uint32_t frames = 0;
  bool garbage = false;  ///< at the end of its stream
  bool half = false;     ///< says nothing more
  std::size_t judged = 0;  ///< bytes it has got that were compared
  std::shared_ptr<Live> live;
};

struct Held {
  std::uint32_t frame;
  std::uint32_t connection;
  std::shared_ptr<Live> live;
};

class Model {
 public:
  explicit Model(unsigned long long seed) : random_(seed), file_(120'000, seed), scene_(options(), limits()) {
    scene_.loop.shuffle = seed << 20;
    fake().mode = FakeSocket::Mode::kFaulty;
    fake().random = harness::Random(seed ^ 0x5555);
    fake().faultPercent = static_cast<unsigned>(random_.below(3) * 8);
    scene_.onEvent = [this](const ServerEvent& event) { on(event); };
  }

  ~Model() { scene_.onEvent = nullptr; }

  /// What went wrong, or null.
  const char* step() {
    switch (random_.below(16)) {
      case 0:
        if (peers_.size() < 24) peers_.push_back(std::make_unique<ModelPeer>(static_cast<std::uint32_t>(peers_.size()), scene_.server->port(), random_.below(2) == 0 ? 32 * 1024 : 0));
        break;
      case 1:
      case 2:
      case 3:
      case 4:
        if (ModelPeer* const peer = somePeer()) say(*peer, 1 + random_.below(random_.below(4) == 0 ? 60'000 : 600));
        break;
      case 5:
      case 6:
        if (ModelPeer* const peer = somePeer()) peer->socket.read(1 + random_.below(50'000));
        break;
      case 7:
      case 8:
        answerHeld();
        break;
      case 9:
        leave();
        break;
      case 10:
        closeSome();
        break;
      case 11:
        bother();
        break;
      default:
        scene_.turn();
    }
    return judge();
  }

  /// Everything that can still arrive does; then the server closes.
  const char* finish() {
    scene_.server->resumeAccepting();
    for (int i = 0; i < 20'000; ++i) {
      bool quiet = held_.empty();
      for (const auto& peer : peers_) {
        if (!peer->socket.open()) continue;
        if (say(*peer, SIZE_MAX) > 0) quiet = false;
        if (peer->socket.read() > 0) quiet = false;
      }
      while (!held_.empty() && random_.below(4) > 0) answerHeld();
      const auto before = scene_.events.size();
      scene_.turn();
      scene_.turn(quiet ? 1 : 0);  // a peer's small window may be open again only after a probe of the kernel's
      quiet = quiet && scene_.events.size() == before && scene_.server->sendQueueBytes() == 0 && file_.fd.use_count() == 1;
      if (const char* const wrong = judge()) return wrong;
      quiet_ = quiet ? quiet_ + 1 : 0;
      if (quiet_ > 40) break;
    }
    if (quiet_ <= 40) {
      std::printf("    %zu frames held, %zu bytes in queues, %u requests, %zu bytes let in\n", held_.size(), scene_.server->sendQueueBytes(),
                  scene_.limits->requests.requests(), scene_.limits->requests.bytes());
      return "it does not come to rest";
    }
    for (const auto& peer : peers_) {
      if (!peer->socket.open() || peer->live == nullptr || peer->live->closedHard || peer->socket.ended) continue;
      if (!peer->garbage && peer->live->frames != peer->frames) return "a frame was not handed over";
      if (!peer->garbage && peer->socket.got != peer->live->wanted) return "an answer is missing";
    }
    scene_.close();
    while (!held_.empty()) letGo();
    if (!open_.empty()) return "a connection without its close";
    if (scene_.server->bufferBytesInUse() != 0) return "receive memory is still in use";
    if (scene_.server->sendQueueBytes() != 0) return "send memory is still in use";
    if (file_.fd.use_count() != 1) return "a region is still pinned";
    if (scene_.limits->requests.requests() != 0 || scene_.limits->requests.bytes() != 0) return "the budget is not whole again";
    if (scene_.limits->requests.anyWaiting()) return "somebody waits in line";
    if (scene_.limits->connections.total() != 0) return "the quotas count connections that are gone";
    return wrong_;
  }
  [[nodiscard]] std::uint64_t frames() const { return scene_.server->statistics().framesReceived; }

 private:
  ServerOptions options() {
    ServerOptions options;
    options.frames.maxFrameBytes = 200'000;
    options.frames.maxUnreleasedFrames = 1 + static_cast<std::uint32_t>(random_.below(20));
    options.frames.maxUnreleasedBytes = 1000 + random_.below(300'000);
    options.sendfileMinBytes = random_.below(3) == 0 ? 1 : 100 + random_.below(40'000);
    options.maxSendQueueBytes = 1000 + random_.below(200'000);
    if (random_.below(2) == 0) options.sendBufferBytes = 4096;
    if (random_.below(2) == 0) options.receiveBufferBytes = 4096;
    return options;
  }
  std::shared_ptr<NetworkLimits> limits() {
    auto limits = std::make_shared<NetworkLimits>();
    if (random_.below(2) == 0)
      limits->requests.configure(1 + static_cast<std::uint32_t>(random_.below(8)), random_.below(2) == 0 ? RequestBudget::kNoLimit : 500 + random_.below(100'000));
    if (random_.below(3) == 0) limits->connections.configure({3 + static_cast<std::uint32_t>(random_.below(8)), ConnectionQuotas::kNoLimit, {}});
    return limits;
  }

  ModelPeer* somePeer() {
    if (peers_.empty()) return nullptr;
    ModelPeer* const peer = peers_[random_.below(peers_.size())].get();
    return peer->socket.open() ? peer : nullptr;
  }

  /// More of its stream, of whole frames with garbage at the end, as much as the kernel takes.
  std::size_t say(ModelPeer& peer, std::size_t most) {
    if (peer.half) return 0;
    const std::uint32_t id = peer.id;
    while (most != SIZE_MAX && !peer.garbage && peer.stream.size() - peer.said < most) {
      if (random_.below(400) == 0) {
        const std::int32_t bad[] = {-1, 7, 0, 200'001, INT32_MAX, INT32_MIN};
        const std::size_t at = peer.stream.size();
        peer.stream.resize(at + 4 + random_.below(200));
        storeBe<std::int32_t>(peer.stream.data() + at, bad[random_.below(6)]);
        peer.garbage = true;
        break;
      }
      const std::size_t size = 8 + (random_.below(12) == 0 ? random_.below(150'000) : random_.below(400));
      auto frame = frameOf(size, 0);
      for (std::size_t i = 8; i < size; ++i) frame[4 + i] = byteOf(id, peer.frames, i);
      storeBe<std::uint32_t>(frame.data() + 4, id);
      storeBe<std::uint32_t>(frame.data() + 8, peer.frames++);
      peer.stream.insert(peer.stream.end(), frame.begin(), frame.end());
    }
    const std::size_t taken = peer.socket.write(peer.stream.data() + peer.said, std::min(most, peer.stream.size() - peer.said));
    peer.said += taken;
    return taken;
  }
  void on(const ServerEvent& event) {
    if (event.kind == Kind::kOpen) {
      if (open_.contains(event.connection)) wrong_ = "a number was opened twice";
      open_[event.connection] = std::make_shared<Live>();
      return;
    }
    const auto found = open_.find(event.connection);
    if (found == open_.end()) {
      wrong_ = "an event of a connection that is not open";
      return;
    }
    const std::shared_ptr<Live> live = found->second;
    switch (event.kind) {
      case Kind::kFrame:
        onFrame(event, live);
        break;
      case Kind::kEnd:
        if (live->ended) wrong_ = "ended twice";
        live->ended = true;
        // Closed once everything is answered, here or in `release`.
        closeIfDone(event.connection, live);
        break;
      case Kind::kClose:
        open_.erase(found);
        if (random_.below(2) == 0) letGoOf(event.connection, live);
        break;
      case Kind::kOpen:
        break;
    }
  }

  void onFrame(const ServerEvent& event, const std::shared_ptr<Live>& live) {
    if (live->ended) wrong_ = "a frame behind the end";
    const std::uint8_t* const bytes = memoryAt(event);
    const std::size_t size = event.end - event.start;
    const auto id = loadBe<std::uint32_t>(bytes);
    if (id >= peers_.size() || (live->peer >= 0 && live->peer != id)) {
      wrong_ = "a frame of somebody else";
      return;
    }
    live->peer = id;
    peers_[id]->live = live;
    if (loadBe<std::uint32_t>(bytes + 4) != live->frames) wrong_ = "a frame is missing or comes twice";
    for (std::size_t i = 8; i < size; ++i)
      if (bytes[i] != byteOf(id, live->frames, i)) wrong_ = "a frame has other bytes";
    ++live->frames;
    held_.push_back({event.frame, event.connection, live});
    if (random_.below(3) > 0) answer(held_.size() - 1);
    if (random_.below(300) == 0) closeSome();
  }
  [[nodiscard]] const std::uint8_t* memoryAt(const ServerEvent& event) { return scene_.memory.at(event.slab) + event.start; }

  void answerHeld() {
    if (!held_.empty()) answer(random_.below(held_.size()));
  }

  /// Memory and regions in any order, or nothing; then the frame is done with.
  void answer(std::size_t index) {
    const Held held = held_[index];
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(index));
    const auto now = open_.find(held.connection);
    const bool there = now != open_.end() && now->second == held.live;
    const std::uint64_t parts = random_.below(5);
    if (there && random_.below(3) == 0) answerWhole(held);
    else answerInParts(held, there, parts);
    scene_.server->releaseFrame(held.frame);
    if (there) closeIfDone(held.connection, held.live);
  }

  void answerWhole(const Held& held) {
    const std::size_t from = random_.below(file_.content.size() - 1);
    const std::size_t size = 1 + random_.below(std::min<std::size_t>(file_.content.size() - from, random_.below(3) == 0 ? 400'000 : 500));
    const bool more = random_.below(3) == 0;
    const std::span<const std::uint8_t> all(file_.content.data() + from, size);
    if (random_.below(2) == 0) {
      scene_.server->sendWhole(held.connection, all, more);
    } else {
      // The same bytes, some of them out of the file.
      const std::size_t before = random_.below(size + 1);
      const std::size_t records = random_.below(size - before + 1);
      scene_.server->sendAround(held.connection, all.first(before), file_.region(from + before, records), all.subspan(before + records), more);
    }
    if (!held.live->closedHard) file_.expect(held.live->wanted, from, size);
  }

  void answerInParts(const Held& held, bool there, std::uint64_t parts) {
    for (std::uint64_t i = 0; there && i < parts; ++i) {
      const std::size_t from = random_.below(file_.content.size() - 1);
      const std::size_t size = random_.below(std::min<std::size_t>(file_.content.size() - from, random_.below(3) == 0 ? 100'000 : 500));
      if (random_.below(2) == 0) scene_.server->sendBytes(held.connection, file_.content.data() + from, size);
      else scene_.server->sendRegion(held.connection, file_.region(from, size));
      if (!held.live->closedHard) file_.expect(held.live->wanted, from, size);
    }
    if (there && (parts > 0 || random_.below(2) == 0)) scene_.server->sendDone(held.connection);
  }

  void closeIfDone(std::uint32_t connection, const std::shared_ptr<Live>& live) {
    if (!live->ended) return;
    for (const Held& one : held_)
      if (one.live == live) return;
    scene_.server->closeConnection(connection, CloseReason::kRemote, true);
  }

  void letGo() {
    scene_.server->releaseFrame(held_.back().frame);
    held_.pop_back();
  }
  void letGoOf(std::uint32_t, const std::shared_ptr<Live>& live) {
    std::erase_if(held_, [&](const Held& one) {
      if (one.live != live) return false;
      scene_.server->releaseFrame(one.frame);
      return true;
    });
  }

  void leave() {
    if (random_.below(4) > 0) return;
    ModelPeer* const peer = somePeer();
    if (peer == nullptr) return;
    switch (random_.below(3)) {
      case 0:
        peer->socket.end();
        peer->half = true;
        peer->garbage = true;  // what it has not said will not come
        break;
      case 1:
        peer->socket.close();
        break;
      default:
        peer->socket.reset();
    }
  }

  void closeSome() {
    if (open_.empty() || random_.below(4) > 0) return;
    auto one = open_.begin();
    std::advance(one, static_cast<std::ptrdiff_t>(random_.below(open_.size())));
    one->second->closedHard = true;  // graceful or not, what is answered from now on may not arrive
    scene_.server->closeConnection(one->first, CloseReason::kServerClosed, random_.below(2) == 0);
  }

  /// Calls that must do nothing.
  void bother() {
    const std::uint8_t byte = 0xee;
    std::uint32_t number = UINT32_MAX;
    for (std::uint32_t i = 0; i < 20; ++i)
      if (!open_.contains(i)) number = i;
    // A number that is not open for its user may be open in the server, its event not delivered yet: then nobody knows it.
    if (random_.below(2) == 0 || scene_.server->statistics().connectionsOpen != open_.size()) number = UINT32_MAX;
    scene_.server->sendBytes(number, &byte, 1);
    scene_.server->sendRegion(number, file_.region(0, 100));
    scene_.server->sendDone(number);
    scene_.server->sendWhole(number, {&byte, 1});
    scene_.server->sendAround(number, {&byte, 1}, file_.region(0, 100), {}, true);
    scene_.server->closeConnection(number, CloseReason::kServerClosed, false);
    scene_.server->releaseFrame(UINT32_MAX - 5);
    if (random_.below(5) == 0) scene_.server->pauseAccepting();
    else scene_.server->resumeAccepting();
  }

  const char* judge() {
    for (const auto& peer : peers_) {
      const auto& got = peer->socket.got;
      if (got.empty() || peer->judged == got.size()) continue;
      if (peer->live == nullptr) return "bytes for a peer that asked for nothing";
      const auto& wanted = peer->live->wanted;
      if (!peer->live->closedHard && got.size() > wanted.size()) return "more bytes than were sent";
      const std::size_t common = std::min(got.size(), wanted.size());
      if (!std::equal(got.begin() + static_cast<std::ptrdiff_t>(std::min(peer->judged, common)), got.begin() + static_cast<std::ptrdiff_t>(common),
                      wanted.begin() + static_cast<std::ptrdiff_t>(std::min(peer->judged, common))))
        return "other bytes than were sent";
      peer->judged = got.size();
    }
    return wrong_;
  }

  harness::Random random_;
  RegionFile file_;
  ServerScene scene_;
  std::vector<std::unique_ptr<ModelPeer>> peers_;
  std::map<std::uint32_t, std::shared_ptr<Live>> open_;
  std::vector<Held> held_;
  const char* wrong_ = nullptr;
  int quiet_ = 0;
};

}  // namespace

TEST(random_peers_agree_with_a_model_of_frames) {
  std::uint64_t frames = 0;
  for (unsigned long long seed = 1; seed <= 60; ++seed) {
    Model model(seed);
    const char* wrong = nullptr;
    int step = 0;
    for (; step < 600 && wrong == nullptr; ++step) wrong = model.step();
    if (wrong == nullptr) wrong = model.finish();
    if (wrong != nullptr) std::printf("    seed %llu step %d: %s\n", seed, step, wrong);
    CHECK(wrong == nullptr);
    frames += model.frames();
  }
  CHECK(frames > 5000);
}
