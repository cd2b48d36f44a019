#include "server.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "address.h"
#include "server_handles.h"

namespace millrace {

Server::Server(uv_loop_t* loop, SlabMemory& memory, Sink& sink, ServerOptions options, std::shared_ptr<NetworkLimits> limits, PageCache& pageCache)
    : loop_(loop),
      slabs_(memory),
      sink_(sink),
      options_(std::move(options)),
      pageCache_(pageCache),
      limits_(std::move(limits)),
      handles_(std::make_unique<Handles>()) {}

Server::~Server() { limits_->connections.remove(*this); }

Connection* Server::find(std::uint32_t id) const noexcept { return id < connections_.size() ? connections_[id].get() : nullptr; }

std::uint32_t Server::addFrame(const Connection& connection, const FrameReader::Frame& frame) {
  std::uint32_t number = 0;
  if (freeFrames_.empty()) {
    number = static_cast<std::uint32_t>(frames_.size());
    frames_.emplace_back();
  } else {
    number = freeFrames_.back();
    freeFrames_.pop_back();
  }
  frames_[number] = {frame.slab, connection.id_, connection.serial_, static_cast<std::uint32_t>(frame.end - frame.start)};
  return number;
}

void Server::releaseFrame(std::uint32_t frame) {
  if (frame >= frames_.size() || frames_[frame].slab == nullptr) return;
  const FrameSlot slot = std::exchange(frames_[frame], FrameSlot{});
  freeFrames_.push_back(frame);
  slabs_.release(slot.slab);
  limits_->requests.release(slot.bytes);
  if (limits_->requests.anyWaiting()) serveWaiting();
  Connection* const connection = find(slot.connection);
  if (connection == nullptr || connection->serial_ != slot.serial) return;
  const bool couldRead = connection->mayRead();
  connection->unreleasedBytes_ -= slot.bytes;
  --connection->unreleasedFrames_;
  // Frames may lie in its buffer already: cutting goes on in a later step of this turn.
  if (!couldRead && connection->mayRead()) later(slot.connection);
}

void Server::mute(std::uint32_t number, bool muted) {
  Connection* const connection = find(number);
  if (connection == nullptr || connection->closing_ || connection->muted_ == muted) return;
  connection->muted_ = muted;
  connection->mayRepeat_ = false;
  // Others need not wait for the rest of a request that is not read on; it is let in again when it is.
  RequestBudget& budget = limits_->requests;
  if (muted && connection->reservedBytes_ != 0) budget.unreserve(std::exchange(connection->reservedBytes_, 0));
  if (muted) {
    budget.forget(*connection);
    connection->updatePoll();
    if (budget.canServe()) serveWaiting();
  } else {
    later(number);
  }
}

/// In a later step of this turn; a server that is closed has none, and those in line may be others'.
void Server::serveWaiting() {
  if (uv_is_closing(reinterpret_cast<uv_handle_t*>(&handles_->idle)))
    limits_->requests.serve();
  else
    wakeIdle();
}

void Server::pushEvent(ServerEvent event) {
  events_.push_back(event);
  // Outside of the poll phase (a close called from JavaScript) something has to bring the loop round to deliver.
  if (events_.size() == 1) wakeIdle();
}

void Server::later(std::uint32_t connection) {
  Connection* const found = find(connection);
  if (found == nullptr || found->inLater_) return;
  found->inLater_ = true;
  later_.push_back(connection);
  wakeIdle();
}

void Server::runLater() {
  std::vector<std::uint32_t> ready;
  ready.swap(later_);
  uv_idle_stop(&handles_->idle);
  flushAllDirty();
  limits_->requests.serve();
  for (const std::uint32_t id : ready) {
    Connection* const connection = find(id);
    if (connection == nullptr) continue;
    connection->inLater_ = false;
    if (connection->closing_) continue;
    connection->cut();
    if (connection->closing_) continue;
    connection->reader_.rest();
    if (!connection->queue_.empty() && connection->writable_) flush(*connection);
    if (!connection->closing_) connection->updatePoll();
  }
  if (closing_) finishClose();
}

void Server::deliver() {
  if (inDelivery_) return;
  flushAllDirty();
  if (events_.empty()) return;
  inDelivery_ = true;
  delivering_.swap(events_);
  ++delivery_;
  for (const ServerEvent& event : delivering_) {
    Connection* const connection = event.kind == ServerEvent::Kind::kFrame ? find(event.connection) : nullptr;
    if (connection == nullptr) continue;
    if (connection->delivery_ != delivery_) connection->unanswered_ = 0;
    connection->delivery_ = delivery_;
    ++connection->unanswered_;
  }
  sink_.deliver(delivering_);
  delivering_.clear();
  inDelivery_ = false;
  freeConnections_.insert(freeConnections_.end(), undelivered_.begin(), undelivered_.end());
  undelivered_.clear();
  flushAllDirty();
}

void Server::sendBytes(std::uint32_t id, const std::uint8_t* bytes, std::size_t size) {
  Connection* const connection = find(id);
  if (connection == nullptr || connection->closing_) return;
  connection->queue_.pushBytes(bytes, size);
  statistics_.bytesQueued += size;
}

void Server::sendRegion(std::uint32_t id, FileRegion region) {
  Connection* const connection = find(id);
  if (connection != nullptr && !connection->closing_) connection->queue_.pushRegion(std::move(region));
}

void Server::accountFor(std::uint32_t id, std::uint32_t account) {
  if (Connection* const connection = find(id); connection != nullptr) connection->clientAccount_ = account;
}

void Server::sendDone(std::uint32_t id) {
  Connection* const connection = find(id);
  if (connection != nullptr && !connection->closing_) finishAnswer(*connection, leavesNow(*connection, false));
}

/// The last answer to what this delivery brought leaves at once, with those before it: its peer works on them meanwhile. One that comes
/// later waits for others of its connection, if there are to be any: a sync that is done answers many requests side by side.
bool Server::leavesNow(Connection& connection, bool more) const noexcept {
  const bool last = connection.delivery_ == delivery_ && connection.unanswered_ > 0 && --connection.unanswered_ == 0;
  return last || (!inDelivery_ && !more);
}

void Server::finishAnswer(Connection& connection, bool now) {
  connection.queue_.endResponse();
  if (now) return flush(connection);
  if (connection.dirty_) return;
  connection.dirty_ = true;
  dirty_.push_back(connection.id_);
  // The one before has its answers (frames of a connection are delivered side by side).
  if (dirty_.size() > 1)
    flushDirty(dirty_.size() - 2);
  else if (!inDelivery_)
    wakeIdle();
}

void Server::sendWhole(std::uint32_t id, std::span<const std::uint8_t> bytes, bool more) {
  Connection* const connection = find(id);
  if (connection == nullptr || connection->closing_) return;
  const bool now = leavesNow(*connection, more);
  statistics_.bytesQueued += bytes.size();
  std::size_t sent = 0;
  if (now && connection->queue_.empty() && connection->writable_ && !connection->cold_) {
    connection->lastActivity_ = limits_->connections.nextActivity();
    const auto outcome = sendAtOnce(connection->fd_.get(), bytes.data(), bytes.size());
    if (!outcome.has_value()) {
      statistics_.bytesDropped += bytes.size();
      return connection->shut(CloseReason::kReset);
    }
    sent = *outcome;
    EgressStatistics& ofClient = limits_->egress.clients.at(connection->clientAccount_);
    for (EgressStatistics* const counted : {&statistics_.egress, &ofClient}) {
      ++counted->sendCalls;
      counted->bytesFromMemory += sent;
    }
    if (sent == bytes.size()) {
      if (connection->closeWhenSent_) return connection->shut(connection->closeReason_);
      return connection->updatePoll();
    }
  }
  // What the socket did not take: the queue finds out whether it takes more.
  connection->queue_.pushBytes(bytes.data() + sent, bytes.size() - sent);
  finishAnswer(*connection, now);
}

std::uint64_t Server::repeat(std::uint32_t id, std::unique_ptr<RepeatedFetch> fetch) {
  Connection* const connection = find(id);
  if (connection == nullptr || connection->closing_ || !fetch->valid()) return 0;
  connection->repeat_ = std::move(fetch);
  return std::exchange(connection->repeats_, 0);
}

void Server::mayRepeat(std::uint32_t id) {
  Connection* const connection = find(id);
  if (connection != nullptr) connection->mayRepeat_ = connection->repeat_ != nullptr && connection->unreleasedFrames_ == 1 && !connection->muted_;
}

bool Server::answerAgain(Connection& connection, const FrameReader::Frame& frame, bool more) {
  RepeatedFetch& fetch = *connection.repeat_;
  if (fetch.epoch() != limits_->decisions) {
    connection.repeat_.reset();
    return false;
  }
  const std::span<const std::uint8_t> bytes(frame.slab->data + frame.start, frame.end - frame.start);
  if (!fetch.matches(bytes) || !fetch.answer(bytes)) return false;
  ++limits_->requestsRepeated;
  ++connection.repeats_;
  for (const RepeatedFetch::Found& found : fetch.found()) {
    EgressStatistics& ofTopic = limits_->egress.topics.at(found.account);
    ++ofTopic.repeats;
    ofTopic.bytesRepeated += found.region.sizeBytes;
  }
  sendRepeated(connection.id_, fetch, more);
  return true;
}

void Server::sendRepeated(std::uint32_t id, RepeatedFetch& fetch, bool more) {
  const std::span<const std::uint8_t> bytes = fetch.bytes();
  std::vector<RepeatedFetch::Found>& found = fetch.found();
  if (found.size() == 1) return sendAround(id, bytes.first(fetch.cuts()[0]), std::move(found[0].region), bytes.subspan(fetch.cuts()[0]), more);
  std::size_t from = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i].region.file == nullptr) continue;
    sendBytes(id, bytes.data() + from, fetch.cuts()[i] - from);
    sendRegion(id, std::move(found[i].region));
    from = fetch.cuts()[i];
  }
  if (from < bytes.size()) sendBytes(id, bytes.data() + from, bytes.size() - from);
  sendDone(id);
}

void Server::flushDirty(std::size_t index) {
  Connection* const connection = find(dirty_[index]);
  if (connection == nullptr || !connection->dirty_) return;
  connection->dirty_ = false;
  if (!connection->closing_) flush(*connection);
}

void Server::flushAllDirty() {
  for (std::size_t i = 0; i < dirty_.size(); ++i) flushDirty(i);
  dirty_.clear();
}

void Server::flush(Connection& connection) {
  if ((!connection.writable_ || connection.cold_) && !connection.closing_) return;  // the poll, or the prefetcher, says when
  const bool couldRead = connection.mayRead();
  connection.lastActivity_ = limits_->connections.nextActivity();
  EgressStatistics sent;
  const auto outcome = connection.queue_.flush(connection.fd_.get(), pageCache_, options_.sendfileMinBytes, scratch_, sent);
  settle(connection, outcome, sent, couldRead);
}

void Server::sendAround(std::uint32_t id, std::span<const std::uint8_t> before, FileRegion region, std::span<const std::uint8_t> behind, bool more) {
  Connection* const connection = find(id);
  if (connection == nullptr || connection->closing_) return;
  const bool now = leavesNow(*connection, more);
  statistics_.bytesQueued += before.size() + behind.size();
  SendQueue& queue = connection->queue_;
  if (now && connection->writable_ && !connection->cold_ && region.sizeBytes < options_.sendfileMinBytes) {
    const bool couldRead = connection->mayRead();
    EgressStatistics sent;
    const auto outcome = queue.sendAround(connection->fd_.get(), pageCache_, scratch_, before, region, behind, sent);
    if (outcome.has_value()) {
      queue.endResponse();
      if (*outcome == SendQueue::Outcome::kFailed) statistics_.bytesDropped += before.size() + behind.size();
      connection->lastActivity_ = limits_->connections.nextActivity();
      return settle(*connection, *outcome, sent, couldRead);
    }
  }
  queue.pushBytes(before.data(), before.size());
  queue.pushRegion(std::move(region));
  queue.pushBytes(behind.data(), behind.size());
  finishAnswer(*connection, now);
}

/// What follows from what a send came to.
void Server::settle(Connection& connection, SendQueue::Outcome outcome, const EgressStatistics& sent, bool couldRead) {
  statistics_.egress += sent;
  limits_->egress.clients.at(connection.clientAccount_) += sent;
  switch (outcome) {
    case SendQueue::Outcome::kEmpty:
      if (connection.closeWhenSent_) return connection.shut(connection.closeReason_);
      break;
    case SendQueue::Outcome::kBlocked:
      connection.writable_ = false;
      break;
    case SendQueue::Outcome::kYield:
      later(connection.id_);
      break;
    case SendQueue::Outcome::kCold:
      prefetch(connection);
      break;
    case SendQueue::Outcome::kFailed:
      return connection.shut(CloseReason::kReset);
  }
  if (!couldRead && connection.mayRead()) later(connection.id_);
  connection.updatePoll();
}

void Server::prefetch(Connection& connection) {
  const SendQueue::Cold& cold = connection.queue_.cold();
  connection.cold_ = true;
  const std::uint64_t ticket = static_cast<std::uint64_t>(connection.serial_) << 32 | connection.id_;
  prefetcher_->request({cold.file, cold.position, cold.sizeBytes, ticket});
}

void Server::prefetched() {
  for (const std::uint64_t ticket : prefetcher_->drain()) {
    Connection* const connection = find(static_cast<std::uint32_t>(ticket));
    if (connection == nullptr || connection->serial_ != static_cast<std::uint32_t>(ticket >> 32)) continue;
    connection->cold_ = false;
    connection->queue_.loaded();
    if (!connection->closing_) flush(*connection);
  }
}

void Server::closeConnection(std::uint32_t id, CloseReason reason, bool graceful) {
  Connection* const connection = find(id);
  if (connection == nullptr || connection->closing_) return;
  if (graceful && !connection->queue_.empty()) {
    connection->closeWhenSent_ = true;
    connection->closeReason_ = reason;
    connection->updatePoll();
    return;
  }
  connection->shut(reason);
}

void Server::destroy(std::uint32_t id) {
  connections_[id].reset();
  --statistics_.connectionsOpen;
  // Until its close is delivered JavaScript may still send to this number; nobody else must get that.
  (events_.empty() ? freeConnections_ : undelivered_).push_back(id);
}

std::string Server::peer(std::uint32_t id) const {
  const Connection* const connection = find(id);
  if (connection == nullptr) return "unknown 0 unknown 0";
  std::string text;
  for (const auto ask : {&::getpeername, &::getsockname}) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    std::uint16_t port = 0;
    const bool known = ask(connection->fd_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0;
    const std::string name = known ? addressText(address, &port) : connection->ip_;
    text += (text.empty() ? "" : " ") + name + " " + std::to_string(port);
  }
  return text;
}

void Server::stopAccepting() {
  if (!handles_->open) return;
  handles_->open = false;
  handles_->accepting = false;
  limits_->connections.remove(*this);
  uv_poll_stop(&handles_->accept);
  uv_timer_stop(&handles_->retry);
  openHandles_ += 2;
  uv_close(reinterpret_cast<uv_handle_t*>(&handles_->accept), [](uv_handle_t* handle) {
    auto* const server = static_cast<Server*>(handle->data);
    server->listening_.reset();
    server->handleClosed();
  });
  uv_close(reinterpret_cast<uv_handle_t*>(&handles_->retry), [](uv_handle_t* handle) { static_cast<Server*>(handle->data)->handleClosed(); });
}

void Server::close() {
  if (closing_) return;
  flushAllDirty();
  closing_ = true;
  stopAccepting();
  for (auto& connection : connections_)
    if (connection != nullptr) connection->shut(CloseReason::kServerClosed);
  wakeIdle();
}

/// Ends once everything that happened was delivered and every other handle is closed.
void Server::finishClose() {
  deliver();
  if (statistics_.connectionsOpen > 0 || !events_.empty() || openHandles_ > 0) return wakeIdle();
  reserve_.reset();
  prefetcher_.reset();
  openHandles_ = 3;
  const auto closed = [](uv_handle_t* handle) {
    auto* const server = static_cast<Server*>(handle->data);
    if (--server->openHandles_ == 0) server->sink_.closed();
  };
  uv_close(reinterpret_cast<uv_handle_t*>(&handles_->check), closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&handles_->idle), closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&handles_->loaded), closed);
}

void Server::wakeIdle() {
  if (!uv_is_closing(reinterpret_cast<uv_handle_t*>(&handles_->idle)))
    uv_idle_start(&handles_->idle, [](uv_idle_t* handle) { static_cast<Server*>(handle->data)->runLater(); });
}

void Server::handleClosed() { --openHandles_; }

}  // namespace millrace
