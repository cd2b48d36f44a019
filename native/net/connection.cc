#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "server.h"

namespace millrace {
namespace {

/// Received per connection and turn: enough for the largest throughput, little enough for fairness.
constexpr std::size_t kReceiveBytesPerTurn = 2 * 1024 * 1024;

constexpr char kHttpAnswer[] =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
    "This port speaks the Kafka protocol, not HTTP.\n";

}  // namespace

Connection::Connection(Server& server, std::uint32_t id, UniqueFd fd, std::string ip)
    : server_(server), id_(id), fd_(std::move(fd)), ip_(std::move(ip)), reader_(server.slabs_, server.options_.frames) {}

void Connection::start() {
  uv_poll_init(server_.loop_, &poll_, fd_.get());
  poll_.data = this;
  updatePoll();
}

bool Connection::mayRead() const noexcept {
  const FrameLimits& limits = server_.options_.frames;
  return !closing_ && !closeWhenSent_ && unreleasedBytes_ < limits.maxUnreleasedBytes && unreleasedFrames_ < limits.maxUnreleasedFrames &&
         queue_.memoryBytes() < server_.options_.maxSendQueueBytes;
}

void Connection::updatePoll() {
  if (closing_) return;
  const int wanted = (mayRead() ? UV_READABLE : 0) | (writable_ ? 0 : UV_WRITABLE) | UV_DISCONNECT;
  if (wanted == polling_) return;
  polling_ = wanted;
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
    // A half-closed peer may still want its answers; a dead one is found by the next receive or send.
    char probe;
    const ssize_t got = ::recv(fd_.get(), &probe, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) return shut(got == 0 ? CloseReason::kRemote : CloseReason::kReset);
    // Bytes wait but may not be read yet: without this the loop would spin on the disconnect.
    polling_ &= ~UV_DISCONNECT;
    uv_poll_start(&poll_, polling_, poll_.poll_cb);
    return;
  }
  updatePoll();
}

void Connection::receive() {
  std::size_t total = 0;
  while (mayRead() && total < kReceiveBytesPerTurn) {
    const FrameReader::Space space = reader_.space();
    if (space.at == nullptr) return shut(CloseReason::kNoMemory);
    const ssize_t got = ::recv(fd_.get(), space.at, space.size, MSG_DONTWAIT);
    ++server_.statistics_.recvCalls;
    if (got == 0) {
      reader_.rest();
      return shut(CloseReason::kRemote);
    }
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
    if (closing_ || closeWhenSent_) return;
    if (size < space.size) break;  // the socket is empty
  }
  reader_.rest();
}

void Connection::cut() {
  FrameReader::Frame frame;
  while (mayRead() && reader_.next(frame)) {
    const auto bytes = static_cast<std::uint32_t>(frame.end - frame.start);
    unreleasedBytes_ += bytes;
    ++unreleasedFrames_;
    ++server_.statistics_.framesReceived;
    const std::uint32_t number = server_.addFrame(id_, frame);
    server_.pushEvent({ServerEvent::Kind::kFrame, CloseReason::kNone, id_, number, frame.slab->index, static_cast<std::uint32_t>(frame.start),
                       static_cast<std::uint32_t>(frame.end)});
  }
  const CloseReason problem = reader_.problem();
  if (problem == CloseReason::kNone || closeWhenSent_) return;
  if (problem == CloseReason::kHttp) {
    queue_.pushBytes(reinterpret_cast<const std::uint8_t*>(kHttpAnswer), sizeof kHttpAnswer - 1);
    closeWhenSent_ = true;
    closeReason_ = problem;
    server_.flush(*this);
    return;
  }
  shut(problem);
}

void Connection::shut(CloseReason reason) {
  if (closing_) return;
  closing_ = true;
  closeReason_ = reason;
  uv_poll_stop(&poll_);
  server_.pushEvent({ServerEvent::Kind::kClose, reason, id_, 0, 0, 0, 0});
  ++server_.openHandles_;
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), [](uv_handle_t* handle) {
    auto* const self = static_cast<Connection*>(handle->data);
    Server& server = self->server_;
    server.destroy(self->id_);
    server.handleClosed();
  });
}

}  // namespace millrace
