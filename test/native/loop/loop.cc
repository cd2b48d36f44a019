#include <poll.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "../harness.h"
#include "uv.h"

namespace {

void must(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "libuv misused: %s\n", what);
  std::abort();
}

void init(uv_loop_t* loop, uv_handle_t* handle, FakeHandle kind) {
  handle->loop = loop;
  handle->kind = kind;
  handle->active = handle->closing = false;
  loop->handles.push_back(handle);
}

void usable(const uv_handle_t* handle, FakeHandle kind) {
  must(handle->kind == kind, "a handle that was not initialised");
  must(!handle->closing, "a handle that is closing");
}

/// Those of a kind that are active now; callbacks may change the loop.
template <typename Handle>
std::vector<Handle*> activeOf(const uv_loop_t* loop, FakeHandle kind) {
  std::vector<Handle*> found;
  for (uv_handle_t* const handle : loop->handles)
    if (handle->kind == kind && handle->active) found.push_back(static_cast<Handle*>(handle));
  return found;
}

bool stillActive(const uv_loop_t* loop, const uv_handle_t* handle) {
  return std::find(loop->handles.begin(), loop->handles.end(), handle) != loop->handles.end() && handle->active && !handle->closing;
}

short pollEvents(int events) {
  return static_cast<short>(((events & UV_READABLE) != 0 ? POLLIN : 0) | ((events & UV_WRITABLE) != 0 ? POLLOUT : 0) |
                            ((events & UV_DISCONNECT) != 0 ? POLLRDHUP : 0));
}

void tell(uv_poll_t* handle, short happened) {
  const short asked = pollEvents(handle->events);
  auto events = static_cast<short>(happened & (asked | POLLERR | POLLHUP));
  if (events == POLLERR || events == POLLHUP) events = static_cast<short>(events | asked);
  if (events == 0) return;
  ++handle->loop->polled;
  if ((events & POLLERR) != 0) {
    handle->active = false;
    handle->poll_cb(handle, -9, 0);
    return;
  }
  const int told = ((events & POLLIN) != 0 ? UV_READABLE : 0) | ((events & POLLOUT) != 0 ? UV_WRITABLE : 0) | ((events & POLLRDHUP) != 0 ? UV_DISCONNECT : 0);
  handle->poll_cb(handle, 0, told);
}

bool pollPhase(uv_loop_t* loop, int waitMs) {
  auto polls = activeOf<uv_poll_t>(loop, FakeHandle::kPoll);
  if (loop->shuffle != 0) {
    harness::Random random(++loop->shuffle);
    for (std::size_t i = polls.size(); i > 1; --i) std::swap(polls[i - 1], polls[random.below(i)]);
  }
  std::vector<pollfd> fds;
  fds.reserve(polls.size());
  for (const uv_poll_t* const handle : polls) fds.push_back({handle->fd, pollEvents(handle->events), 0});
  if (::poll(fds.data(), fds.size(), waitMs) <= 0) return false;
  for (std::size_t i = 0; i < fds.size(); ++i)
    if (fds[i].revents != 0 && stillActive(loop, polls[i])) tell(polls[i], fds[i].revents);
  return true;
}

}  // namespace

int uv_poll_init(uv_loop_t* loop, uv_poll_t* handle, int fd) {
  must(loop->polledFds.insert(fd).second, "a descriptor that another handle polls");
  init(loop, handle, FakeHandle::kPoll);
  handle->fd = fd;
  handle->events = 0;
  return 0;
}

int uv_poll_start(uv_poll_t* handle, int events, void (*callback)(uv_poll_t*, int, int)) {
  usable(handle, FakeHandle::kPoll);
  handle->poll_cb = callback;
  handle->events = events;
  handle->active = events != 0;
  return 0;
}

int uv_poll_stop(uv_poll_t* handle) {
  usable(handle, FakeHandle::kPoll);
  handle->active = false;
  return 0;
}

int uv_check_init(uv_loop_t* loop, uv_check_t* handle) {
  init(loop, handle, FakeHandle::kCheck);
  return 0;
}

int uv_check_start(uv_check_t* handle, void (*callback)(uv_check_t*)) {
  usable(handle, FakeHandle::kCheck);
  handle->callback = callback;
  handle->active = true;
  return 0;
}

int uv_idle_init(uv_loop_t* loop, uv_idle_t* handle) {
  init(loop, handle, FakeHandle::kIdle);
  return 0;
}

int uv_idle_start(uv_idle_t* handle, void (*callback)(uv_idle_t*)) {
  usable(handle, FakeHandle::kIdle);
  handle->callback = callback;
  handle->active = true;
  return 0;
}

int uv_idle_stop(uv_idle_t* handle) {
  usable(handle, FakeHandle::kIdle);
  handle->active = false;
  return 0;
}

int uv_async_init(uv_loop_t* loop, uv_async_t* handle, void (*callback)(uv_async_t*)) {
  init(loop, handle, FakeHandle::kAsync);
  handle->callback = callback;
  handle->active = true;
  handle->sent = false;
  return 0;
}

int uv_async_send(uv_async_t* handle) {
  handle->sent = true;
  return 0;
}

int uv_timer_init(uv_loop_t* loop, uv_timer_t* handle) {
  init(loop, handle, FakeHandle::kTimer);
  return 0;
}

int uv_timer_start(uv_timer_t* handle, void (*callback)(uv_timer_t*), std::uint64_t afterMs, std::uint64_t) {
  usable(handle, FakeHandle::kTimer);
  handle->callback = callback;
  handle->afterMs = afterMs;
  handle->active = true;
  return 0;
}

int uv_timer_stop(uv_timer_t* handle) {
  usable(handle, FakeHandle::kTimer);
  handle->active = false;
  return 0;
}

void uv_close(uv_handle_t* handle, uv_close_cb callback) {
  must(handle->kind != FakeHandle::kNone && handle->loop != nullptr, "close of a handle that was not initialised");
  must(!handle->closing, "close of a handle that is closing");
  handle->closing = true;
  handle->active = false;
  handle->close_cb = callback;
  if (handle->kind == FakeHandle::kPoll) handle->loop->polledFds.erase(static_cast<uv_poll_t*>(handle)->fd);
  std::erase(handle->loop->handles, handle);
  handle->loop->closing.push_back(handle);
}

int uv_is_closing(const uv_handle_t* handle) { return handle->closing ? 1 : 0; }
void uv_unref(uv_handle_t*) {}

void fakeTurn(uv_loop_t* loop, int waitMs) {
  ++loop->turns;
  for (uv_idle_t* const idle : activeOf<uv_idle_t>(loop, FakeHandle::kIdle)) {
    waitMs = 0;
    if (stillActive(loop, idle)) idle->callback(idle);
  }
  if (!loop->closing.empty() || !activeOf<uv_idle_t>(loop, FakeHandle::kIdle).empty()) waitMs = 0;
  pollPhase(loop, waitMs);
  for (uv_async_t* const async : activeOf<uv_async_t>(loop, FakeHandle::kAsync))
    if (stillActive(loop, async) && async->sent.exchange(false)) async->callback(async);
  for (uv_check_t* const check : activeOf<uv_check_t>(loop, FakeHandle::kCheck))
    if (stillActive(loop, check)) check->callback(check);
  std::vector<uv_handle_t*> closing;
  closing.swap(loop->closing);
  for (uv_handle_t* const handle : closing)
    if (handle->close_cb != nullptr) handle->close_cb(handle);
}

int fakeTimers(uv_loop_t* loop) {
  const auto due = activeOf<uv_timer_t>(loop, FakeHandle::kTimer);
  for (uv_timer_t* const timer : due) {
    timer->active = false;
    timer->callback(timer);
  }
  return static_cast<int>(due.size());
}
