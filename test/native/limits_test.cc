#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "../../native/net/network_limits.h"
#include "harness.h"

using namespace millrace;

namespace {

/// A connection with requests of these sizes in its buffer, all complete.
class Sender : public RequestBudget::Waiter {
 public:
  Sender(RequestBudget& budget, std::vector<int>& order, int name) : budget_(budget), order_(order), name_(name) {}
  ~Sender() { budget_.forget(*this); }
  std::deque<std::size_t> pending;

  /// What a connection does when bytes have arrived.
  void arrived() {
    while (!pending.empty()) {
      if (!turn_ && !budget_.open()) return budget_.wait(*this, false);
      turn_ = false;
      budget_.reserve(pending.front());
      budget_.take();
      pending.pop_front();
      order_.push_back(name_);
    }
  }
  void onTurn() override {
    turn_ = true;
    arrived();
    turn_ = false;
  }

 private:
  RequestBudget& budget_;
  std::vector<int>& order_;
  int name_;
  bool turn_ = false;
};

}  // namespace

TEST(the_budget_lets_in_as_many_requests_as_it_says) {
  RequestBudget budget;
  budget.configure(3, RequestBudget::kNoLimit);
  std::vector<int> order;
  Sender one(budget, order, 1);
  one.pending = {10, 10, 10, 10, 10};
  one.arrived();
  CHECK_EQ(order.size(), 3u);
  CHECK(one.waiting());
  CHECK(!budget.canServe());
  budget.release(10);
  CHECK(budget.canServe());
  budget.serve();
  CHECK_EQ(order.size(), 4u);
  CHECK_EQ(budget.requests(), 3u);
  CHECK_EQ(budget.peakRequests(), 3u);
}

TEST(those_in_line_get_one_request_each_per_round) {
  RequestBudget budget;
  budget.configure(1, RequestBudget::kNoLimit);
  std::vector<int> order;
  Sender greedy(budget, order, 0);
  Sender second(budget, order, 1);
  Sender third(budget, order, 2);
  for (int i = 0; i < 100; ++i) greedy.pending.push_back(1);
  second.pending = {1, 1};
  third.pending = {1, 1};
  greedy.arrived();
  second.arrived();
  third.arrived();
  for (int i = 0; i < 6; ++i) {
    budget.release(1);
    budget.serve();
  }
  CHECK((order == std::vector<int>{0, 0, 1, 2, 0, 1, 2}));
  CHECK_EQ(budget.requests(), 1u);
}

TEST(nobody_overtakes_those_in_line) {
  RequestBudget budget;
  budget.configure(1, RequestBudget::kNoLimit);
  std::vector<int> order;
  Sender first(budget, order, 0);
  Sender second(budget, order, 1);
  Sender late(budget, order, 2);
  first.pending = {1};
  second.pending = {1};
  first.arrived();
  second.arrived();
  budget.release(1);
  late.pending = {1};
  late.arrived();  // there is room, but it is the second one's
  CHECK_EQ(order.size(), 1u);
  budget.serve();
  budget.release(1);
  budget.serve();
  CHECK((order == std::vector<int>{0, 1, 2}));
}

TEST(a_request_larger_than_the_budget_gets_through_alone) {
  RequestBudget budget;
  budget.configure(UINT32_MAX, 100);
  std::vector<int> order;
  Sender small(budget, order, 0);
  Sender large(budget, order, 1);
  small.pending = {100};
  large.pending = {5000};
  small.arrived();
  large.arrived();
  CHECK((order == std::vector<int>{0}));
  budget.release(100);
  budget.serve();
  CHECK((order == std::vector<int>{0, 1}));
  small.pending = {1};
  small.arrived();
  CHECK(small.waiting());
  budget.release(5000);
  budget.serve();
  CHECK_EQ(order.size(), 3u);
  CHECK_EQ(budget.bytes(), 1u);
  CHECK_EQ(budget.peakBytes(), 5000u);
}

TEST(what_was_let_in_by_its_length_finishes_although_the_bytes_are_used_up) {
  RequestBudget budget;
  budget.configure(1, 100);
  std::vector<int> order;
  Sender other(budget, order, 0);
  other.pending = {10};
  other.arrived();
  // A long request was let in when 10 of 100 bytes were used, and is complete now: only its slot is missing.
  class Reserved : public RequestBudget::Waiter {
   public:
    explicit Reserved(RequestBudget& budget) : budget_(budget) {}
    void onTurn() override { budget_.take(); }
    RequestBudget& budget_;
  } reserved(budget);
  budget.reserve(1000);
  budget.wait(reserved, true);
  CHECK(!budget.canServe());
  budget.release(10);
  CHECK(budget.canServe());  // 1000 of 100 bytes are its own
  budget.serve();
  CHECK(!reserved.waiting());
  CHECK_EQ(budget.requests(), 1u);
  CHECK_EQ(budget.bytes(), 1000u);
}

TEST(who_leaves_the_line_is_not_called) {
  RequestBudget budget;
  budget.configure(1, RequestBudget::kNoLimit);
  std::vector<int> order;
  Sender first(budget, order, 0);
  first.pending = {1};
  first.arrived();
  {
    Sender gone(budget, order, 1);
    gone.pending = {1};
    gone.arrived();
    CHECK(gone.waiting());
  }
  CHECK(!budget.anyWaiting());
  budget.release(1);
  budget.serve();
  CHECK((order == std::vector<int>{0}));
}

TEST(a_raised_limit_serves_those_in_line) {
  RequestBudget budget;
  budget.configure(1, RequestBudget::kNoLimit);
  std::vector<int> order;
  Sender one(budget, order, 0);
  one.pending = {1, 1, 1, 1};
  one.arrived();
  budget.configure(3, RequestBudget::kNoLimit);
  budget.serve();
  CHECK_EQ(order.size(), 3u);
}

namespace {

class FakeListener : public ConnectionQuotas::Listener {
 public:
  explicit FakeListener(ConnectionQuotas& quotas) : quotas_(quotas) { quotas_.add(*this); }
  ~FakeListener() { quotas_.remove(*this); }
  bool accept(const std::string& ip) {
    const bool allowed = quotas_.open(ip);
    connections.push_back({ip, quotas_.nextActivity()});
    return allowed;
  }
  void onQuotas() override { ++told; }
  [[nodiscard]] std::uint64_t oldestActivity() const override {
    std::uint64_t oldest = UINT64_MAX;
    if (isProtected) return oldest;
    for (const auto& connection : connections) oldest = std::min(oldest, connection.activity);
    return oldest;
  }
  void closeOldest() override {
    const std::uint64_t oldest = oldestActivity();
    const auto found = std::find_if(connections.begin(), connections.end(), [&](const auto& c) { return c.activity == oldest; });
    const std::string ip = found->ip;
    connections.erase(found);
    quotas_.close(ip);
  }
  struct Held {
    std::string ip;
    std::uint64_t activity;
  };
  std::vector<Held> connections;
  bool isProtected = false;
  int told = 0;

 private:
  ConnectionQuotas& quotas_;
};

}  // namespace

TEST(quotas_count_over_all_listeners_and_tell_when_a_slot_is_free) {
  ConnectionQuotas quotas;
  quotas.configure({2, ConnectionQuotas::kNoLimit, {}});
  FakeListener a(quotas);
  FakeListener b(quotas);
  CHECK(a.accept("1.1.1.1"));
  CHECK(quotas.slotFree());
  CHECK(b.accept("2.2.2.2"));
  CHECK(!quotas.slotFree());
  const int told = b.told;
  a.closeOldest();
  CHECK_EQ(b.told, told + 1);
  CHECK(quotas.slotFree());
}

TEST(a_lowered_limit_closes_the_least_recently_used) {
  ConnectionQuotas quotas;
  FakeListener a(quotas);
  FakeListener b(quotas);
  FakeListener inner(quotas);
  inner.isProtected = true;
  CHECK(inner.accept("9.9.9.9"));  // the oldest of all, but protected
  for (int i = 0; i < 3; ++i) {
    CHECK(a.accept("1.1.1." + std::to_string(i)));
    CHECK(b.accept("2.2.2." + std::to_string(i)));
  }
  a.connections[0].activity = quotas.nextActivity();  // was used again
  quotas.configure({4, ConnectionQuotas::kNoLimit, {}});
  CHECK_EQ(quotas.total(), 4u);
  CHECK_EQ(inner.connections.size(), 1u);
  CHECK_EQ(a.connections.size(), 2u);
  CHECK(a.connections[0].ip == "1.1.1.0" && a.connections[1].ip == "1.1.1.2");
  CHECK_EQ(b.connections.size(), 1u);
  quotas.configure({0, ConnectionQuotas::kNoLimit, {}});
  CHECK_EQ(quotas.total(), 1u);  // nobody gives up the protected one
}

TEST(an_address_has_its_own_limit) {
  ConnectionQuotas quotas;
  quotas.configure({ConnectionQuotas::kNoLimit, 2, {{"7.7.7.7", 3}, {"8.8.8.8", 0}}});
  FakeListener listener(quotas);
  CHECK(listener.accept("1.1.1.1"));
  CHECK(listener.accept("1.1.1.1"));
  CHECK(!listener.accept("1.1.1.1"));
  quotas.close("1.1.1.1");
  quotas.close("1.1.1.1");
  CHECK(listener.accept("1.1.1.1"));
  for (int i = 0; i < 3; ++i) CHECK(listener.accept("7.7.7.7"));
  CHECK(!listener.accept("7.7.7.7"));
  CHECK(!listener.accept("8.8.8.8"));
}
