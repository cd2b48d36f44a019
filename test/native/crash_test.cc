#include <cstdlib>

#include "log_workload.h"

using namespace millrace;

// Every failure prints its seed; `node test/native/run.mjs --seed=N --count=1 TEST` runs that one alone (MILLRACE_TRACE=1: step by step).

TEST(crash_images_of_a_log_recover_to_what_was_acknowledged) {
  harness::Failures failures;
  const harness::Seeds seeds = harness::seeds(500);
  long images = 0;
  long steps = 0;
  for (unsigned long long seed = seeds.first; seed < seeds.first + seeds.count; ++seed) {
    LogWorkload::Settings settings;
    settings.powerCutsPerSync = 3;
    LogWorkload workload(seed, settings);
    if (!workload.run(40)) failures.add(seed, "step " + std::to_string(workload.steps) + ": " + workload.reason);
    images += workload.images;
    steps += workload.steps;
  }
  std::printf("  crash images: %ld of %ld steps of %llu logs\n", images, steps, seeds.count);
  CHECK_EQ(failures.count, 0);
  CHECK(!seeds.whole || images >= 10'000 * seeds.scale);
}

// What was never synced may be lost, but it never takes a log offline, and no recovery point speaks of it.
TEST(records_deleted_before_they_were_synced_leave_a_log_all_the_same) {
  harness::Failures failures;
  const harness::Seeds seeds = harness::seeds(60);
  long images = 0;
  for (unsigned long long seed = seeds.first; seed < seeds.first + seeds.count; ++seed) {
    LogWorkload::Settings settings;
    settings.powerCutsPerSync = 3;
    settings.commitsUnsynced = true;
    LogWorkload workload(seed, settings);
    if (!workload.run(40)) failures.add(seed, "step " + std::to_string(workload.steps) + ": " + workload.reason);
    images += workload.images;
  }
  std::printf("  crash images with unsynced commits: %ld\n", images);
  CHECK_EQ(failures.count, 0);
}

TEST(a_disk_that_lies_about_syncs_leaves_a_log_all_the_same) {
  harness::Failures failures;
  const harness::Seeds seeds = harness::seeds(100);
  for (unsigned long long seed = seeds.first; seed < seeds.first + seeds.count; ++seed) {
    LogWorkload::Settings settings;
    settings.powerCutsPerSync = 0;
    settings.lyingDisk = true;
    settings.cutsAreSteps = false;
    LogWorkload workload(seed, settings);
    if (!workload.run(40)) failures.add(seed, "step " + std::to_string(workload.steps) + ": " + workload.reason);
  }
  CHECK_EQ(failures.count, 0);
}

TEST(random_lives_of_a_log_agree_with_arrays) {
  harness::Failures failures;
  const harness::Seeds seeds = harness::seeds(100'000);
  long steps = 0;
  for (unsigned long long seed = seeds.first; seed < seeds.first + seeds.count; ++seed) {
    LogWorkload workload(seed, {});
    if (!workload.run(40)) failures.add(seed, "step " + std::to_string(workload.steps) + ": " + workload.reason);
    steps += workload.steps;
  }
  std::printf("  random lives: %llu of %ld steps\n", seeds.count, steps);
  CHECK_EQ(failures.count, 0);
}

// For each call that the life of a log makes, and for each way in which it can go wrong.
TEST(every_call_of_a_log_fails_once_and_nothing_acknowledged_is_lost) {
  struct Way {
    MemoryDisk::Fault::Kind kind;
    int code;
    bool lasting;
  };
  using Kind = MemoryDisk::Fault::Kind;
  static constexpr Way kWays[] = {{Kind::kError, EIO, false},  {Kind::kError, ENOSPC, false}, {Kind::kError, ENOSPC, true}, {Kind::kError, EINTR, false},
                                  {Kind::kError, EMFILE, false}, {Kind::kShort, 0, false},     {Kind::kShortThenError, EIO, false}, {Kind::kShortThenError, ENOSPC, false}};
  // Sanitizers make each life many times slower: there every few calls have to do.
  constexpr long kStride = harness::kScale < 1 ? static_cast<long>(0.3 / harness::kScale) : 1;
  harness::Failures failures;
  const harness::Seeds seeds = harness::seeds(4);
  long runs = 0;
  long offline = 0;
  std::map<std::string, long> struck;
  for (unsigned long long seed = seeds.first; seed < seeds.first + seeds.count; ++seed) {
    for (const Way& way : kWays) {
      for (long at = 0;; at += kStride) {
        LogWorkload workload(seed, {});
        workload.disk().fault = {way.kind, way.code, at, way.lasting};
        bool fine = workload.begin();
        for (int i = 0; fine && i < 60; ++i) fine = workload.step();
        if (!workload.reason.empty() || (workload.offline() && !workload.checkAfterFailure())) {
          failures.add(seed, "call " + std::to_string(at) + " (" + (workload.disk().struck == nullptr ? "not struck" : workload.disk().struck) + ") with errno " + std::to_string(way.code) + ": " + workload.reason);
        }
        if (workload.disk().calls <= at) break;
        ++runs;
        if (workload.offline()) ++offline;
        if (workload.disk().struck != nullptr) ++struck[workload.disk().struck];
      }
    }
  }
  std::printf("  failing calls: %ld, %ld of them took the log offline;", runs, offline);
  for (const auto& [call, count] : struck) std::printf(" %s %ld", call.c_str(), count);
  std::printf("\n");
  CHECK_EQ(failures.count, 0);
  CHECK(offline > 0 && offline < runs);
}
