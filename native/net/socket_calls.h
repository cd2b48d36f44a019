#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>

/// send, sendmsg and recv straight from the kernel. In a process with threads the C library makes each of them a point where a thread may
/// be cancelled, with two atomic writes; nobody cancels the loop. Everything else is as ever: -1 and errno. C names, so that tests can wrap them.
extern "C" {
ssize_t millraceSend(int fd, const void* from, std::size_t size, int flags);
ssize_t millraceSendmsg(int fd, const struct msghdr* message, int flags);
ssize_t millraceRecv(int fd, void* into, std::size_t size, int flags);
}
