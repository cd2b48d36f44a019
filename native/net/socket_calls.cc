#include "socket_calls.h"

#include <sys/syscall.h>
#include <unistd.h>

extern "C" {

ssize_t millraceSend(int fd, const void* from, std::size_t size, int flags) { return ::syscall(SYS_sendto, fd, from, size, flags, nullptr, 0); }
ssize_t millraceSendmsg(int fd, const struct msghdr* message, int flags) { return ::syscall(SYS_sendmsg, fd, message, flags); }
ssize_t millraceRecv(int fd, void* into, std::size_t size, int flags) { return ::syscall(SYS_recvfrom, fd, into, size, flags, nullptr, nullptr); }

}
