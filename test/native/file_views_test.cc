#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "../../native/io/file_views.h"
#include "../../native/io/page_cache.h"
#include "../../native/net/send_queue.h"
#include "harness.h"

using namespace millrace;

namespace {

constexpr std::size_t kWindow = FileWindow::kBytes;

std::vector<std::uint8_t> randomBytes(std::size_t size, unsigned long long seed) {
  harness::Random random(seed);
  std::vector<std::uint8_t> bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
  return bytes;
}

struct Scene {
  harness::TemporaryDirectory directory;
  std::vector<std::uint8_t> content;
  FileViews views;

  explicit Scene(std::size_t size) : content(randomBytes(size, 3)) {}

  [[nodiscard]] std::string pathOf(const char* name) const { return directory.path() + "/" + name; }
  [[nodiscard]] std::shared_ptr<const PinnedFile> file(const char* name = "f") const {
    auto made = std::make_shared<const PinnedFile>(::open(pathOf(name).c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600));
    if (::pwrite(made->get(), content.data(), content.size(), 0) != static_cast<ssize_t>(content.size())) std::abort();
    return made;
  }
  [[nodiscard]] bool shows(const PinnedFile& file, std::size_t from, std::size_t size) {
    views.nextRound();
    const std::uint8_t* const bytes = views.view(file, from, size);
    return bytes != nullptr && std::memcmp(bytes, content.data() + from, size) == 0;
  }
  /// Of files in the directory.
  [[nodiscard]] int mappings() const {
    std::FILE* const maps = std::fopen("/proc/self/maps", "r");
    if (maps == nullptr) std::abort();
    int count = 0;
    for (char line[4096]; std::fgets(line, sizeof line, maps) != nullptr;) count += std::strstr(line, directory.path().c_str()) != nullptr ? 1 : 0;
    (void)std::fclose(maps);
    return count;
  }
};

}  // namespace

TEST(a_window_is_mapped_when_it_is_asked_for_again) {
  Scene scene(3 * kWindow + 5000);
  const auto file = scene.file();
  CHECK(scene.views.view(*file, 100, 300) == nullptr);
  CHECK_EQ(scene.mappings(), 0);
  CHECK(scene.shows(*file, 0, 65536));
  CHECK(scene.shows(*file, 77'777, 200'001));
  CHECK(scene.shows(*file, kWindow - 10, 10));
  CHECK_EQ(scene.mappings(), 1);
  CHECK(scene.views.view(*file, kWindow - 10, 11) == nullptr);  // across its edge
  CHECK(scene.views.view(*file, 100, 0) == nullptr);
  CHECK(!scene.shows(*file, 3 * kWindow, 5000));
  CHECK(scene.shows(*file, 3 * kWindow, 5000));  // to the end of the file
  CHECK(scene.views.view(*file, 3 * kWindow, 12'289) == nullptr);  // a page that there is not
}

TEST(what_is_appended_behind_a_mapped_window_is_seen) {
  Scene scene(10'000);
  const auto file = scene.file();
  CHECK(!scene.shows(*file, 0, 10'000));
  CHECK(scene.shows(*file, 0, 10'000));
  for (int i = 0; i < 40; ++i) {
    const std::size_t end = scene.content.size();
    const auto more = randomBytes(4321, 100 + static_cast<unsigned>(i));
    scene.content.insert(scene.content.end(), more.begin(), more.end());
    CHECK_EQ(::pwrite(file->get(), more.data(), more.size(), static_cast<off_t>(end)), static_cast<ssize_t>(more.size()));
    CHECK(scene.shows(*file, end, more.size()));
    CHECK(scene.shows(*file, 0, scene.content.size()));
  }
}

TEST(windows_end_with_their_file_and_there_are_never_too_many) {
  Scene scene(4 * kWindow);
  {
    std::vector<std::shared_ptr<const PinnedFile>> files;
    for (int i = 0; i < 20; ++i) {
      files.push_back(scene.file(("f" + std::to_string(i)).c_str()));
      for (std::size_t window = 0; window < 4; ++window) {
        CHECK(!scene.shows(*files.back(), window * kWindow + 50, 5000));
        CHECK(scene.shows(*files.back(), window * kWindow + 50, 5000));
      }
    }
    CHECK_EQ(scene.mappings(), static_cast<int>(FileViews::kWindows));
    // The first ones were given up, and come back.
    CHECK(scene.shows(*files.front(), 50, 5000));
    CHECK_EQ(scene.mappings(), static_cast<int>(FileViews::kWindows));
  }
  CHECK_EQ(scene.mappings(), 0);
}

TEST(what_was_given_in_a_round_stays_to_its_end) {
  Scene scene(kWindow);
  std::vector<std::shared_ptr<const PinnedFile>> files;
  for (std::size_t i = 0; i < FileViews::kWindows + 5; ++i) files.push_back(scene.file(("f" + std::to_string(i)).c_str()));
  for (const auto& file : files) (void)scene.views.view(*file, 0, 1000);
  scene.views.nextRound();
  std::vector<const std::uint8_t*> given;
  for (const auto& file : files) given.push_back(scene.views.view(*file, 0, 1000));
  for (std::size_t i = 0; i < files.size(); ++i) {
    CHECK_EQ(given[i] != nullptr, i < FileViews::kWindows);
    if (given[i] != nullptr) CHECK_EQ(std::memcmp(given[i], scene.content.data(), 1000), 0);
  }
  // The next round may have what this one could not.
  CHECK(scene.shows(*files.back(), 0, 1000));
}

TEST(what_was_given_in_a_round_stays_when_another_window_takes_its_place) {
  Scene scene(9 * kWindow);
  const auto file = scene.file();
  CHECK(!scene.shows(*file, 0, 1000));
  scene.views.nextRound();
  const std::uint8_t* const first = scene.views.view(*file, 0, 1000);
  CHECK(first != nullptr);
  // The fifth and the ninth window have the first one's place.
  for (const std::size_t other : {4, 4, 8, 8}) CHECK(scene.views.view(*file, other * kWindow, 1000) == nullptr);
  CHECK_EQ(std::memcmp(first, scene.content.data(), 1000), 0);
  CHECK(!scene.shows(*file, 4 * kWindow, 1000));
  CHECK(scene.shows(*file, 4 * kWindow, 1000));
  CHECK_EQ(scene.mappings(), 1);
}

TEST(what_was_in_memory_is_looked_at_again_in_another_second) {
  Scene scene(kWindow);
  const auto file = scene.file();
  CHECK(!scene.shows(*file, 0, 1000));
  scene.views.nextRound(7);
  CHECK(scene.views.view(*file, 0, 1000) != nullptr);
  // Its pages are gone, in the only way in which mapped ones can be made to go.
  CHECK_EQ(::ftruncate(file->get(), 0), 0);
  scene.views.nextRound(7);
  CHECK(scene.views.view(*file, 0, 1000) != nullptr);
  scene.views.nextRound(8);
  CHECK(scene.views.view(*file, 0, 1000) == nullptr);
}

TEST(what_is_not_in_memory_is_not_shown) {
  Scene scene(kWindow);
  const auto file = scene.file();
  CHECK(!scene.shows(*file, 0, 1000));
  (void)::fdatasync(file->get());
  (void)::posix_fadvise(file->get(), 0, 0, POSIX_FADV_DONTNEED);
  if (kernelPageCache().holds(file->get(), 0, kWindow)) {
    std::printf("  (this file system does not give up pages: not tried)\n");
    return;
  }
  CHECK(!scene.shows(*file, 300'000, 1000));
  kernelPageCache().load(file->get(), 300'000, 1000);
  CHECK(scene.shows(*file, 300'000, 1000));
}

TEST(a_region_that_is_sent_again_is_not_read_again) {
  Scene scene(kWindow);
  const auto file = scene.file();
  int fds[2];
  CHECK_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  const UniqueFd out(fds[0]);
  const UniqueFd in(fds[1]);
  SendQueue queue;
  SendScratch scratch;
  EgressStatistics statistics;
  const std::vector<std::uint8_t> head(20, 1);
  for (int i = 0; i < 5; ++i) {
    queue.pushBytes(head.data(), head.size());
    queue.pushRegion({file, 5000, 16'000});
    queue.endResponse();
    CHECK(queue.flush(out.get(), kernelPageCache(), 32 * 1024, scratch, statistics) == SendQueue::Outcome::kEmpty);
    std::vector<std::uint8_t> got(20'000);
    CHECK_EQ(::read(in.get(), got.data(), got.size()), 16'020);
    CHECK_EQ(std::memcmp(got.data() + 20, scene.content.data() + 5000, 16'000), 0);
  }
  CHECK_EQ(statistics.preadCalls, 1u);
  CHECK_EQ(statistics.sendCalls, 5u);
  CHECK_EQ(statistics.bytesCopied, 80'000u);
  // Somebody cuts the file: an answer that can never be complete ends its connection, nothing else.
  CHECK_EQ(::ftruncate(file->get(), 0), 0);
  queue.pushRegion({file, 5000, 16'000});
  CHECK(queue.flush(out.get(), kernelPageCache(), 32 * 1024, scratch, statistics) == SendQueue::Outcome::kFailed);
}
