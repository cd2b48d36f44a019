#pragma once

#include <uv.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "../base/result.h"
#include "../base/unique_fd.h"
#include "frame_reader.h"
#include "network_limits.h"
#include "prefetcher.h"
#include "repeated_fetch.h"
#include "send_queue.h"

namespace millrace {

struct ServerOptions {
  std::string host;
  std::uint16_t port = 0;
  int backlog = 512;
  FrameLimits frames;
  /// Kernel buffers of a connection; negative: the kernel's own choice.
  int sendBufferBytes = -1;
  int receiveBufferBytes = -1;
  std::size_t sendfileMinBytes = 32 * 1024;
  /// Memory that may wait in one connection's send queue before it is no longer read from.
  std::size_t maxSendQueueBytes = 4 * 1024 * 1024;
};

/// What may change while a listener is open.
struct ListenerLimits {
  std::uint32_t maxConnections = ConnectionQuotas::kNoLimit;
  /// Connections accepted before JavaScript hears of them; 1 while a creation rate is kept.
  std::uint32_t acceptsPerTurn = 64;
  /// The brokers' own listener beside others: `max.connections` does not stop it, and its connections are not closed for it.
  bool isProtected = false;
};

struct ServerStatistics {
  std::uint64_t connectionsOpen = 0;
  std::uint64_t connectionsAccepted = 0;
  std::uint64_t connectionsRefused = 0;
  std::uint64_t acceptPauses = 0;
  std::uint64_t framesReceived = 0;
  std::uint64_t bytesReceived = 0;
  std::uint64_t recvCalls = 0;
  std::uint64_t bytesQueued = 0;   ///< memory ever put into send queues
  std::uint64_t bytesDropped = 0;  ///< of that, what connections that ended left unsent
  EgressStatistics egress;
};

/// What happened since the last delivery, in order.
struct ServerEvent {
  /// kEnd: the peer will send nothing more (it may still read).
  enum class Kind : std::uint8_t { kOpen = 1, kFrame = 2, kClose = 3, kEnd = 4 };
  Kind kind;
  CloseReason reason;
  std::uint32_t connection;
  std::uint32_t frame;
  std::uint32_t slab;
  std::uint32_t start;
  std::uint32_t end;
};

class Connection;

/// Accepts connections on one address and moves frames and responses on the libuv loop. Everything happens on the loop's thread.
/// Events are gathered while the loop polls and handed over once per turn (`deliver`); what is sent meanwhile leaves when the
/// delivery is over, one call per connection.
class Server : private ConnectionQuotas::Listener {
 public:
  /// Called once per turn that had events. Must not destroy the server.
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void deliver(const std::vector<ServerEvent>& events) = 0;
    /// Everything is closed after `close()`.
    virtual void closed() = 0;
  };

  Server(uv_loop_t* loop, SlabMemory& memory, Sink& sink, ServerOptions options, std::shared_ptr<NetworkLimits> limits,
         PageCache& pageCache = kernelPageCache());
  virtual ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Status listen();
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  void stopAccepting();
  void close();
  void configure(ListenerLimits limits);
  /// Connections wait in the kernel until `resumeAccepting`.
  void pauseAccepting();
  void resumeAccepting();
  /// Closes what has neither sent nor received anything for so long, by the caller's clock. What happened since the last call counts
  /// as having happened now.
  void expireIdle(std::uint64_t nowMs, std::uint64_t maxIdleMs);
  /// Requests that wait for the budget may go on.
  void serveWaiting();

  /// Connections are named by a number that is not used again before its close was delivered.
  void sendBytes(std::uint32_t connection, const std::uint8_t* bytes, std::size_t size);
  void sendRegion(std::uint32_t connection, FileRegion region);
  /// What leaves on the connection from here on is counted for this account of `EgressLedger::clients`, too.
  void accountFor(std::uint32_t connection, std::uint32_t account);
  /// The response is complete: it may leave.
  void sendDone(std::uint32_t connection);
  /// A whole response that is nothing but these bytes: where nothing is before it they go to the socket as they are. `more`: others of
  /// the connection may follow in this turn, and it may wait for them.
  void sendWhole(std::uint32_t connection, std::span<const std::uint8_t> bytes, bool more = false);
  /// A whole response of one region with memory before and behind it.
  void sendAround(std::uint32_t connection, std::span<const std::uint8_t> before, FileRegion region, std::span<const std::uint8_t> behind,
                  bool more = false);
  void releaseFrame(std::uint32_t frame);
  /// What the connection asks for again from here on is answered by these terms, where `mayRepeat` was said since its last request. Not
  /// when they are out of date. How often the terms before these were used.
  std::uint64_t repeat(std::uint32_t connection, std::unique_ptr<RepeatedFetch> fetch);
  /// The request that is being answered was the last one of its connection: nothing of it is with JavaScript once the answer was sent.
  void mayRepeat(std::uint32_t connection);
  /// While it is muted nothing is read from the connection, and no frame of it is delivered; what is sent leaves.
  void mute(std::uint32_t connection, bool muted);
  void closeConnection(std::uint32_t connection, CloseReason reason, bool graceful);
  /// "address port localAddress localPort"
  [[nodiscard]] std::string peer(std::uint32_t connection) const;

  [[nodiscard]] const ServerStatistics& statistics() const noexcept { return statistics_; }
  [[nodiscard]] std::size_t bufferBytes() const noexcept { return slabs_.totalBytes(); }
  /// Receive memory that holds something.
  [[nodiscard]] std::size_t bufferBytesInUse() const noexcept { return slabs_.usedBytes(); }
  /// Memory of responses that the sockets have not taken yet.
  [[nodiscard]] std::size_t sendQueueBytes() const noexcept {
    return statistics_.bytesQueued - statistics_.bytesDropped - statistics_.egress.bytesFromMemory;
  }

 private:
  friend class Connection;
  struct FrameSlot {
    Slab* slab = nullptr;
    std::uint32_t connection = 0;
    std::uint32_t serial = 0;  ///< the connection's: its number may be another one's when the frame is released
    std::uint32_t bytes = 0;
  };
  struct Handles;

  void onQuotas() override { updateAccepting(); }
  [[nodiscard]] std::uint64_t oldestActivity() const override;
  void closeOldest() override;

  void accept();
  /// False: there is nothing more to accept now.
  bool acceptOne();
  bool acceptWithoutDescriptors();
  void open(UniqueFd fd, std::string ip);
  [[nodiscard]] bool mayAccept() const noexcept;
  void updateAccepting();
  [[nodiscard]] Connection* find(std::uint32_t id) const noexcept;
  std::uint32_t addFrame(const Connection& connection, const FrameReader::Frame& frame);
  void pushEvent(ServerEvent event);
  void deliver();
  void later(std::uint32_t connection);
  void runLater();
  [[nodiscard]] bool leavesNow(Connection& connection, bool more) const noexcept;
  void finishAnswer(Connection& connection, bool now);
  /// False: the frame is JavaScript's. `more`: a whole one is behind it.
  [[nodiscard]] bool answerAgain(Connection& connection, const FrameReader::Frame& frame, bool more);
  void sendRepeated(std::uint32_t connection, RepeatedFetch& fetch, bool more);
  void flush(Connection& connection);
  void settle(Connection& connection, SendQueue::Outcome outcome, const EgressStatistics& sent, bool couldRead);
  void flushDirty(std::size_t index);
  void flushAllDirty();
  void prefetch(Connection& connection);
  void prefetched();
  void destroy(std::uint32_t connection);
  void handleClosed();
  void finishClose();
  void wakeIdle();

  uv_loop_t* loop_;
  SlabPool slabs_;
  Sink& sink_;
  ServerOptions options_;
  PageCache& pageCache_;
  std::shared_ptr<NetworkLimits> limits_;
  ListenerLimits own_;
  ServerStatistics statistics_;
  UniqueFd listening_;
  UniqueFd reserve_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Handles> handles_;
  std::unique_ptr<Prefetcher> prefetcher_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::uint32_t> freeConnections_;
  std::vector<std::uint32_t> undelivered_;  ///< numbers of connections that are gone and whose close is not delivered yet
  std::uint32_t counted_ = 0;  ///< open connections that are not being closed
  std::vector<FrameSlot> frames_;
  std::vector<std::uint32_t> freeFrames_;
  std::vector<ServerEvent> events_;
  std::vector<ServerEvent> delivering_;
  std::vector<std::uint32_t> dirty_;
  std::uint64_t delivery_ = 0;  ///< counts deliveries
  std::vector<std::uint32_t> later_;
  SendScratch scratch_;
  std::uint32_t serial_ = 0;
  bool inDelivery_ = false;
  bool closing_ = false;
  bool acceptPaused_ = false;
  bool noDescriptors_ = false;
  int openHandles_ = 0;
};

/// One accepted socket.
class Connection : private RequestBudget::Waiter {
 public:
  Connection(Server& server, std::uint32_t id, UniqueFd fd, std::string ip);
  virtual ~Connection() = default;

  [[nodiscard]] bool open() const noexcept { return !closing_; }

 private:
  friend class Server;
  [[nodiscard]] bool start();
  void onPoll(int status, int events);
  /// Receives and cuts frames, as much as this turn allows.
  void receive();
  void cut();
  /// The frame was answered without JavaScript, and is released.
  [[nodiscard]] bool repeated(const FrameReader::Frame& frame);
  /// Whether the budget lets the next frame in; otherwise the connection is in line.
  bool admit();
  void onTurn() override;
  /// The peer sends nothing more. What it asked for is still answered.
  void end();
  void announceEnd();
  void updatePoll();
  [[nodiscard]] bool mayRead() const noexcept;
  void shut(CloseReason reason);

  Server& server_;
  std::uint32_t id_;
  UniqueFd fd_;
  std::string ip_;
  uv_poll_t poll_{};
  FrameReader reader_;
  SendQueue queue_;
  std::size_t unreleasedBytes_ = 0;
  std::uint32_t unreleasedFrames_ = 0;
  int polling_ = 0;
  bool writable_ = true;
  /// Bytes of its next response are being read into memory.
  bool cold_ = false;
  /// Which of all connections that had this number it is.
  std::uint32_t serial_ = 0;
  bool dirty_ = false;
  std::uint64_t delivery_ = 0;    ///< the last one that brought frames of it
  std::uint32_t unanswered_ = 0;  ///< of these frames
  bool inLater_ = false;
  bool closing_ = false;
  bool closeWhenSent_ = false;
  bool ended_ = false;  ///< the peer's end of stream was read
  bool endAnnounced_ = false;
  bool hasTurn_ = false;
  bool muted_ = false;
  std::size_t reservedBytes_ = 0;   ///< length of the frame that was let in and is not handed over yet
  std::uint64_t lastActivity_ = 0;  ///< by `ConnectionQuotas::nextActivity`
  std::uint64_t idleSinceMs_ = 0;   ///< by the clock of `expireIdle`
  std::uint64_t idleActivity_ = 0;  ///< `lastActivity_` at that time
  std::uint32_t clientAccount_ = EgressTable::kOther;
  std::unique_ptr<RepeatedFetch> repeat_;
  std::uint64_t repeats_ = 0;  ///< by it, or by the last one
  /// Every request before the next one was answered, and JavaScript would have it at once.
  bool mayRepeat_ = false;
  CloseReason closeReason_ = CloseReason::kNone;
};

}  // namespace millrace
