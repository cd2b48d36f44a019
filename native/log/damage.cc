#include "damage.h"

#include <algorithm>
#include <array>
#include <vector>

#include "quarantine.h"

namespace millrace {
namespace {

constexpr std::int64_t kWindowBytes = 1 << 20;
/// Blocks that reach the medium or do not are at least as large, and aligned.
constexpr std::int64_t kSectorBytes = 512;
constexpr auto kHeaderBytes = static_cast<std::int64_t>(batch::kHeaderBytes);
constexpr std::int64_t kOffsetBytes = 8;
static_assert(kWindowBytes % kSectorBytes == 0);

/// The first valid batch with an offset ≥ `minOffset` that begins behind `from`.
Result<std::optional<LocatedBatch>> validBatchBehind(const SegmentView& segment, std::int64_t from, std::int64_t minOffset) {
  std::vector<std::uint8_t> window;
  std::vector<std::uint8_t> whole;
  for (std::int64_t start = from + 1; start + kHeaderBytes <= segment.sizeBytes(); start += kWindowBytes) {
    window.resize(static_cast<std::size_t>(std::min(kWindowBytes + kHeaderBytes, segment.sizeBytes() - start)));
    auto got = segment.file()->readFully(window.data(), window.size(), static_cast<std::uint64_t>(start));
    if (!got.ok()) return got.error();
    for (std::size_t i = 0; i + batch::kHeaderBytes <= got.value() && i < static_cast<std::size_t>(kWindowBytes); ++i) {
      if (window[i + batch::kMagicAt] != static_cast<std::uint8_t>(batch::kMagic) || window[i] != 0) continue;
      const LocatedBatch found{BatchHeader::load(window.data() + i), start + static_cast<std::int64_t>(i)};
      if (!plausible(found.header) || found.header.baseOffset < minOffset || found.endPosition() > segment.sizeBytes()) continue;
      whole.resize(static_cast<std::size_t>(found.header.sizeBytes));
      auto read = segment.file()->readFully(whole.data(), whole.size(), static_cast<std::uint64_t>(found.position));
      if (!read.ok()) return read.error();
      BatchHeader checked;
      const BatchStatus status = inspectBatch(whole.data(), read.value(), checked);
      if (status == BatchStatus::kOk || status == BatchStatus::kBadOffsets) return std::optional<LocatedBatch>{found};
    }
  }
  return std::optional<LocatedBatch>{};
}

/// The batch that begins at `from` as its header tells, whether its bytes are right or not; nullopt when there is no header.
Result<std::optional<LocatedBatch>> claimedBatch(const SegmentView& segment, std::int64_t from) {
  std::array<std::uint8_t, batch::kHeaderBytes> header;
  auto got = segment.file()->readFully(header.data(), header.size(), static_cast<std::uint64_t>(from));
  if (!got.ok()) return got.error();
  if (got.value() < header.size()) return std::optional<LocatedBatch>{};
  const LocatedBatch claimed{BatchHeader::load(header.data()), from};
  const bool sane = plausible(claimed.header) && claimed.header.baseOffset >= segment.nextOffset();
  return sane ? std::optional<LocatedBatch>{claimed} : std::nullopt;
}

/// Whether a sector that the batch at `from` reaches into was never written, or only before that batch was appended: the file grows at
/// its end alone, so such a sector is zeros from `from` or its own start on, up to its end or the file's. Looks at `[from, to)`.
Result<bool> neverWritten(const SegmentView& segment, std::int64_t from, std::int64_t to) {
  std::vector<std::uint8_t> window(static_cast<std::size_t>(kWindowBytes));
  for (std::int64_t start = from; start < to;) {
    // Whole sectors, the last one beyond `to` if need be.
    const std::int64_t end = std::min((start / kSectorBytes * kSectorBytes) + kWindowBytes, (to + kSectorBytes - 1) / kSectorBytes * kSectorBytes);
    auto got = segment.file()->readFully(window.data(), static_cast<std::size_t>(end - start), static_cast<std::uint64_t>(start));
    if (!got.ok()) return got.error();
    const std::int64_t there = start + static_cast<std::int64_t>(got.value());
    for (std::int64_t at = start; at < there;) {
      const std::int64_t edge = std::min((at / kSectorBytes + 1) * kSectorBytes, there);
      const auto first = window.begin() + (at - start);
      const bool zeros = std::all_of(first, first + (edge - at), [](std::uint8_t byte) { return byte == 0; });
      // A batch may begin with a few zeros, the first bytes of its offset. Of a small one they are right, written or not.
      if (zeros && (at > from || edge - at >= kOffsetBytes || segment.nextOffset() >> (8 * (kOffsetBytes - (edge - at))) != 0)) return true;
      at = edge;
    }
    if (there < end) break;
    start = end;
  }
  return false;
}

}  // namespace

Result<Damage> judgeDamage(const SegmentView& segment, std::int64_t from, std::int64_t nextBase, std::int64_t recoveryPoint) {
  Damage damage{Damage::Kind::kTornTail, from, segment.sizeBytes(), nextBase};
  auto behind = validBatchBehind(segment, from, segment.nextOffset());
  if (!behind.ok()) return behind.error();
  if (behind.value().has_value()) {
    damage.to = behind.value()->position;
    damage.nextGoodOffset = behind.value()->header.baseOffset;
  }
  if (segment.nextOffset() < recoveryPoint) {
    damage.kind = Damage::Kind::kBroken;
    return damage;
  }
  if (damage.nextGoodOffset < 0) return damage;
  auto claimed = claimedBatch(segment, from);
  if (!claimed.ok()) return claimed.error();
  const std::int64_t claimedEnd = claimed.value().has_value() ? claimed.value()->endPosition() : segment.sizeBytes();
  auto unwritten = neverWritten(segment, from, std::min(claimedEnd, damage.to));
  if (!unwritten.ok()) return unwritten.error();
  // Without a batch behind in this file its length may be what did not reach the medium.
  const bool early = !behind.value().has_value() && (claimed.value().has_value() ? claimedEnd > segment.sizeBytes() : segment.sizeBytes() - from < kHeaderBytes);
  if (!unwritten.value() && !early) damage.kind = Damage::Kind::kBroken;
  else if (behind.value().has_value()) damage.kind = Damage::Kind::kTornMiddle;
  return damage;
}

Error brokenLog(const SegmentView& segment, const Damage& damage) {
  std::string detail = "damage that no crash leaves: bytes " + std::to_string(damage.from) + " to " + std::to_string(damage.to - 1) + " hold no valid batch, offsets " +
                       std::to_string(segment.nextOffset()) + " to ";
  detail += damage.nextGoodOffset >= 0 ? std::to_string(damage.nextGoodOffset - 1) : "the end";
  detail += " cannot be read";
  return Error{Error::Kind::kCorrupt, "recover", segment.file()->path(), 0, std::move(detail)};
}

Status cutOff(FileSystem& fs, SegmentView& segment, const Damage& damage) {
  if (damage.kind == Damage::Kind::kTornMiddle) {
    if (auto status = keepTail(fs, segment, damage.from); !status.ok()) return status;
  }
  // On the medium before anything is appended: what a crash brings back of the tail would otherwise mix with what took its place.
  if (auto status = segment.file()->truncate(static_cast<std::uint64_t>(damage.from)); !status.ok()) return status;
  return segment.file()->sync();
}

}  // namespace millrace
