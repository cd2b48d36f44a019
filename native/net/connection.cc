#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "server.h"
#include "socket_calls.h"

namespace millrace {
namespace {

/// Requests that are answered without JavaScript per connection and step: as many as would be handed to it at the most.
constexpr std::uint32_t kRepeatsPerStep = 64;

/// Received per connection and turn: enough for the largest throughput, little enough for fairness.
constexpr std::size_t kReceiveBytesPerTurn = 2 * 1024 * 1024;

constexpr char kHttpAnswer[] =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
    "This port speaks the Kafka protocol, not HTTP.\n";

}  // namespace

Connection::Connection(Server& server, std::uint32_t id, UniqueFd fd, std::string ip)
    : server_(server), id_(id), fd_(std::move(fd)), ip_(std::move(ip)), reader_(server.slabs_, server.options_.frames), queue_(&server.limits_->egress.topics) {}

bool Connection::start() {
  if (uv_poll_init(server_.loop_, &poll_, fd_.get()) != 0) return false;
  poll_.data = this;
  lastActivity_ = server_.limits_->connections.nextActivity();
  return true;
}

bool Connection::mayRead() const noexcept {
  const FrameLimits& limits = server_.options_.frames;
  return !closing_ && !closeWhenSent_ && !muted_ && unreleasedBytes_ < limits.maxUnreleasedBytes && unreleasedFrames_ < limits.maxUnreleasedFrames &&
         queue_.weightBytes() < server_.options_.maxSendQueueBytes;
}

void Connection::updatePoll() {
  if (closing_) return;
  const int readable = mayRead() && !waiting() ? UV_READABLE : 0;
  const int wanted = (ended_ ? 0 : readable | UV_DISCONNECT) | (writable_ ? 0 : UV_WRITABLE);
  if (wanted == polling_) return;
  polling_ = wanted;
  if (wanted == 0) {
    uv_poll_stop(&poll_);
    return;
  }
  uv_poll_start(&poll_, wanted, [](uv_poll_t* handle, int status, int events) { static_cast<Connection*>(handle->data)->onPoll(status, events); });
}

void Connection::onPoll(int status, int events) {
  if (closing_) return;
  if (status < 0) return shut(CloseReason::kReset);
  if ((events & UV_WRITABLE) != 0) {
    writable_ = true;
    server_.flush(*this);
    if (closing_) return;
  }
  if ((events & UV_READABLE) != 0) {
    receive();
    if (closing_) return;
  } else if ((events & UV_DISCONNECT) != 0) {
    // The peer has closed its side, and reading is held up: look whether it is gone or has only said everything.
    char probe;
    const ssize_t got = millraceRecv(fd_.get(), &probe, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return shut(CloseReason::kReset);
    if (got != 0) {
      // Bytes wait but may not be read yet: without this the loop would spin on the disconnect.
      polling_ &= ~UV_DISCONNECT;
      if (polling_ == 0)
        uv_poll_stop(&poll_);
      else
        uv_poll_start(&poll_, polling_, poll_.poll_cb);
      return;
    }
    end();
    if (closing_) return;
  }
  updatePoll();
}

void Connection::receive() {
  RequestBudget& budget = server_.limits_->requests;
  lastActivity_ = server_.limits_->connections.nextActivity();
  std::size_t total = 0;
  while (mayRead() && !ended_ && total < kReceiveBytesPerTurn) {
    // Nothing is read that could not be let in: what is not read costs no memory here.
    if (reservedBytes_ == 0 && !hasTurn_ && !budget.open()) {
      budget.wait(*this, false);
      break;
    }
    const FrameReader::Space space = reader_.space();
    if (space.at == nullptr) return shut(CloseReason::kNoMemory);
    const ssize_t got = millraceRecv(fd_.get(), space.at, space.size, MSG_DONTWAIT);
    ++server_.statistics_.recvCalls;
    if (got == 0) return end();
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) return shut(CloseReason::kReset);
      break;
    }
    const auto size = static_cast<std::size_t>(got);
    reader_.received(size);
    server_.statistics_.bytesReceived += size;
    total += size;
    cut();
    if (closing_ || closeWhenSent_ || waiting() || inLater_) return;
    if (size < space.size) break;  // the socket is empty
  }
  reader_.rest();
}

bool Connection::admit() {
  RequestBudget& budget = server_.limits_->requests;
  if (reservedBytes_ == 0) {
    if (!hasTurn_ && !budget.open()) {
      budget.wait(*this, false);
      return false;
    }
    reservedBytes_ = reader_.announced();
    budget.reserve(reservedBytes_);
  }
  if (!reader_.whole()) return false;
  if (!budget.hasSlot()) {
    budget.wait(*this, true);
    return false;
  }
  hasTurn_ = false;
  reservedBytes_ = 0;
  budget.take();
  return true;
}

void Connection::cut() {
  FrameReader::Frame frame;
  std::uint32_t repeats = 0;
  while (mayRead() && reader_.announced() != 0 && admit() && reader_.next(frame)) {
    if (mayRepeat_ && repeated(frame)) {
      if (closing_) return;
      if (++repeats < kRepeatsPerStep) continue;
      server_.later(id_);
      break;
    }
    mayRepeat_ = false;
    const auto bytes = static_cast<std::uint32_t>(frame.end - frame.start);
    unreleasedBytes_ += bytes;
    ++unreleasedFrames_;
    ++server_.statistics_.framesReceived;
    const std::uint32_t number = server_.addFrame(*this, frame);
    server_.pushEvent({ServerEvent::Kind::kFrame, CloseReason::kNone, id_, number, frame.slab->index, static_cast<std::uint32_t>(frame.start),
                       static_cast<std::uint32_t>(frame.end)});
  }
  const CloseReason problem = reader_.problem();
  if (problem != CloseReason::kNone && !closeWhenSent_ && !closing_) {
    if (problem != CloseReason::kHttp) return shut(problem);
    queue_.pushBytes(reinterpret_cast<const std::uint8_t*>(kHttpAnswer), sizeof kHttpAnswer - 1);
    server_.statistics_.bytesQueued += sizeof kHttpAnswer - 1;
    closeWhenSent_ = true;
    closeReason_ = problem;
    server_.flush(*this);
    return;
  }
  if (ended_) announceEnd();
}

bool Connection::repeated(const FrameReader::Frame& frame) {
  if (repeat_ == nullptr || !server_.answerAgain(*this, frame, reader_.whole())) return false;
  ++server_.statistics_.framesReceived;
  server_.slabs_.release(frame.slab);
  RequestBudget& budget = server_.limits_->requests;
  budget.release(frame.end - frame.start);
  if (budget.anyWaiting()) server_.serveWaiting();
  return true;
}

void Connection::onTurn() {
  if (closing_) return;
  hasTurn_ = true;
  cut();
  if (hasTurn_ && !closing_ && !waiting()) receive();
  hasTurn_ = false;
  if (closing_) return;
  reader_.rest();
  updatePoll();
}

void Connection::end() {
  ended_ = true;
  cut();
  if (!closing_) updatePoll();
}

void Connection::announceEnd() {
  if (endAnnounced_ || closing_ || closeWhenSent_ || reader_.whole()) return;
  endAnnounced_ = true;
  if (reservedBytes_ != 0) server_.limits_->requests.unreserve(std::exchange(reservedBytes_, 0));
  server_.limits_->requests.forget(*this);
  reader_.abandon();
  server_.pushEvent({ServerEvent::Kind::kEnd, CloseReason::kNone, id_, 0, 0, 0, 0});
}

void Connection::shut(CloseReason reason) {
  if (closing_) return;
  closing_ = true;
  closeReason_ = reason;
  RequestBudget& budget = server_.limits_->requests;
  budget.forget(*this);
  if (reservedBytes_ != 0) budget.unreserve(std::exchange(reservedBytes_, 0));
  server_.statistics_.bytesDropped += queue_.memoryBytes();
  queue_.clear();
  reader_.abandon();
  if (budget.canServe()) server_.serveWaiting();
  uv_poll_stop(&poll_);
  server_.pushEvent({ServerEvent::Kind::kClose, reason, id_, 0, 0, 0, 0});
  ++server_.openHandles_;
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), [](uv_handle_t* handle) {
    auto* const self = static_cast<Connection*>(handle->data);
    Server& server = self->server_;
    server.destroy(self->id_);
    server.handleClosed();
  });
  --server_.counted_;
  server_.limits_->connections.close(ip_);
}

}  // namespace millrace
