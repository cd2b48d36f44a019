// How connections come to a server: its listening socket, what it may accept, and which ones it lets go to make room.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "address.h"
#include "server_handles.h"
#include "socket_options.h"

namespace millrace {
namespace {

/// How long a listener that the process has no descriptors for waits before it looks again.
constexpr std::uint64_t kDescriptorRetryMs = 100;

}  // namespace

Status Server::listen() {
  const std::string where = options_.host + ":" + std::to_string(options_.port);
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_family = options_.host.empty() ? AF_INET6 : AF_UNSPEC;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(options_.port);
  const int resolved = ::getaddrinfo(options_.host.empty() ? nullptr : options_.host.c_str(), port.c_str(), &hints, &found);
  if (resolved != 0) return Error{Error::Kind::kIo, "getaddrinfo", where, EADDRNOTAVAIL, ::gai_strerror(resolved)};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  UniqueFd fd(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const sockaddr* address = found->ai_addr;
  socklen_t addressSize = found->ai_addrlen;
  sockaddr_in any{};
  if (!fd.valid() && options_.host.empty()) {  // a machine without IPv6
    any.sin_family = AF_INET;
    any.sin_port = htons(options_.port);
    address = reinterpret_cast<const sockaddr*>(&any);
    addressSize = sizeof any;
    fd.reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  }
  if (!fd.valid()) return Error{Error::Kind::kIo, "socket", where, errno, {}};
  const int one = 1;
  const int zero = 0;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (address->sa_family == AF_INET6 && options_.host.empty()) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
  // Accepted sockets inherit it; set later it could not widen the window any more.
  if (options_.receiveBufferBytes >= 0)
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &options_.receiveBufferBytes, sizeof options_.receiveBufferBytes);
  if (::bind(fd.get(), address, addressSize) != 0) return Error{Error::Kind::kIo, "bind", where, errno, {}};
  if (::listen(fd.get(), options_.backlog) != 0) return Error{Error::Kind::kIo, "listen", where, errno, {}};
  sockaddr_storage bound{};
  socklen_t boundSize = sizeof bound;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &boundSize);
  (void)addressText(bound, &port_);
  listening_ = std::move(fd);
  reserve_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));

  if (const int failed = uv_poll_init(loop_, &handles_->accept, listening_.get()); failed != 0) {
    listening_.reset();
    return Error{Error::Kind::kIo, "poll", where, -failed, {}};
  }
  handles_->accept.data = this;
  handles_->open = true;
  uv_timer_init(loop_, &handles_->retry);
  handles_->retry.data = this;
  uv_check_init(loop_, &handles_->check);
  handles_->check.data = this;
  uv_check_start(&handles_->check, [](uv_check_t* handle) { static_cast<Server*>(handle->data)->deliver(); });
  uv_unref(reinterpret_cast<uv_handle_t*>(&handles_->check));
  uv_idle_init(loop_, &handles_->idle);
  handles_->idle.data = this;
  uv_async_init(loop_, &handles_->loaded, [](uv_async_t* handle) { static_cast<Server*>(handle->data)->prefetched(); });
  handles_->loaded.data = this;
  uv_unref(reinterpret_cast<uv_handle_t*>(&handles_->loaded));
  prefetcher_ = std::make_unique<Prefetcher>(pageCache_, [handle = &handles_->loaded] { uv_async_send(handle); });
  limits_->connections.add(*this);
  updateAccepting();
  return Done{};
}

bool Server::mayAccept() const noexcept {
  return !acceptPaused_ && !noDescriptors_ && counted_ < own_.maxConnections && (own_.isProtected || limits_->connections.slotFree());
}

/// While nothing may be accepted connections wait in the kernel's backlog.
void Server::updateAccepting() {
  const bool wanted = handles_->open && mayAccept();
  if (wanted == handles_->accepting) return;
  handles_->accepting = wanted;
  if (!wanted) {
    if (handles_->open) {
      ++statistics_.acceptPauses;
      uv_poll_stop(&handles_->accept);
    }
    return;
  }
  uv_poll_start(&handles_->accept, UV_READABLE, [](uv_poll_t* handle, int, int) { static_cast<Server*>(handle->data)->accept(); });
}

void Server::configure(ListenerLimits limits) {
  own_ = limits;
  limits_->connections.shedExcess();
  updateAccepting();
}

void Server::pauseAccepting() {
  acceptPaused_ = true;
  updateAccepting();
}

void Server::resumeAccepting() {
  acceptPaused_ = false;
  updateAccepting();
}

void Server::accept() {
  for (std::uint32_t i = 0; i < own_.acceptsPerTurn && mayAccept(); ++i)
    if (!acceptOne()) break;
  updateAccepting();
}

bool Server::acceptOne() {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  UniqueFd fd(::accept4(listening_.get(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd.valid()) {
    open(std::move(fd), addressText(address, nullptr));
    return true;
  }
  switch (errno) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return acceptWithoutDescriptors();
    case EAGAIN:
      return false;
    default:
      return true;  // this connection is gone (ECONNABORTED, a network error of its own, EINTR): there may be others
  }
}

/// Out of descriptors. With the one that is kept for this the peer is told; when that does not help (no memory, or somebody else took
/// it) the listener rests, instead of spinning on a backlog that it cannot empty.
bool Server::acceptWithoutDescriptors() {
  bool told = false;
  if (reserve_.valid()) {
    reserve_.reset();
    told = UniqueFd(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC)).valid();
    if (told) ++statistics_.connectionsRefused;
  }
  if (!reserve_.valid()) reserve_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (told && reserve_.valid()) return true;
  noDescriptors_ = true;
  uv_timer_start(
      &handles_->retry,
      [](uv_timer_t* handle) {
        auto* const server = static_cast<Server*>(handle->data);
        server->noDescriptors_ = false;
        server->updateAccepting();
      },
      kDescriptorRetryMs, 0);
  return false;
}

void Server::open(UniqueFd fd, std::string ip) {
  tuneAccepted(fd.get(), ip, options_.sendBufferBytes);
  std::uint32_t id = 0;
  if (freeConnections_.empty()) {
    id = static_cast<std::uint32_t>(connections_.size());
    connections_.emplace_back();
  } else {
    id = freeConnections_.back();
    freeConnections_.pop_back();
  }
  connections_[id] = std::make_unique<Connection>(*this, id, std::move(fd), ip);
  connections_[id]->serial_ = ++serial_;
  if (!connections_[id]->start()) {
    connections_[id].reset();
    freeConnections_.push_back(id);
    ++statistics_.connectionsRefused;
    return;
  }
  ++statistics_.connectionsAccepted;
  ++statistics_.connectionsOpen;
  ++counted_;
  const bool allowed = limits_->connections.open(ip);
  pushEvent({ServerEvent::Kind::kOpen, CloseReason::kNone, id, 0, 0, 0, 0});
  if (!allowed) {
    ++statistics_.connectionsRefused;
    connections_[id]->shut(CloseReason::kMaxConnectionsPerIp);
    return;
  }
  connections_[id]->updatePoll();
  if (own_.isProtected) limits_->connections.shedExcess();
}

std::uint64_t Server::oldestActivity() const {
  std::uint64_t oldest = UINT64_MAX;
  if (own_.isProtected) return oldest;
  for (const auto& connection : connections_)
    if (connection != nullptr && !connection->closing_) oldest = std::min(oldest, connection->lastActivity_);
  return oldest;
}

void Server::closeOldest() {
  const std::uint64_t oldest = oldestActivity();
  for (const auto& connection : connections_)
    if (connection != nullptr && !connection->closing_ && connection->lastActivity_ == oldest) return connection->shut(CloseReason::kMaxConnections);
}

void Server::expireIdle(std::uint64_t nowMs, std::uint64_t maxIdleMs) {
  for (const auto& connection : connections_) {
    if (connection == nullptr || connection->closing_) continue;
    if (connection->lastActivity_ != connection->idleActivity_) {
      connection->idleActivity_ = connection->lastActivity_;
      connection->idleSinceMs_ = nowMs;
    } else if (nowMs - connection->idleSinceMs_ >= maxIdleMs) {
      connection->shut(CloseReason::kIdle);
    }
  }
}

}  // namespace millrace
