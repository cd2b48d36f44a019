#include "damage.h"

#include <algorithm>
#include <cerrno>
#include <vector>

namespace millrace {
namespace {

constexpr std::int64_t kWindowBytes = 1 << 20;
/// Blocks that reach the medium or do not are at least as large, and aligned.
constexpr std::int64_t kSectorBytes = 512;

/// The first valid batch with an offset ≥ `minOffset` that begins behind `from`.
Result<std::optional<LocatedBatch>> validBatchBehind(const SegmentView& segment, std::int64_t from, std::int64_t minOffset) {
  constexpr auto kHeader = static_cast<std::int64_t>(batch::kHeaderBytes);
  std::vector<std::uint8_t> window;
  std::vector<std::uint8_t> whole;
  for (std::int64_t start = from + 1; start + kHeader <= segment.sizeBytes(); start += kWindowBytes) {
    window.resize(static_cast<std::size_t>(std::min(kWindowBytes + kHeader, segment.sizeBytes() - start)));
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

/// Whether `[from, to)` holds blocks that were never written: zeros from `from` or a sector's start on, up to a sector's start or `to`.
Result<bool> neverWritten(const SegmentView& segment, std::int64_t from, std::int64_t to) {
  std::vector<std::uint8_t> window(static_cast<std::size_t>(kWindowBytes));
  std::int64_t zerosFrom = from;  // where the run of zeros that is being read begins to count
  bool inRun = true;
  for (std::int64_t at = from; at < to;) {
    const auto wanted = static_cast<std::size_t>(std::min(kWindowBytes, to - at));
    auto got = segment.file()->readFully(window.data(), wanted, static_cast<std::uint64_t>(at));
    if (!got.ok()) return got.error();
    if (got.value() == 0) break;
    for (std::size_t i = 0; i < got.value(); ++i, ++at) {
      if (!inRun && at % kSectorBytes == 0) {
        inRun = true;
        zerosFrom = at;
      }
      if (inRun && at > zerosFrom && at % kSectorBytes == 0 && at - zerosFrom >= static_cast<std::int64_t>(batch::kHeaderBytes)) return true;
      if (window[i] != 0) inRun = false;
    }
  }
  return inRun && to > zerosFrom;
}

/// The file ends inside the batch that begins at `from`.
Result<bool> endsEarly(const SegmentView& segment, std::int64_t from) {
  std::vector<std::uint8_t> header(batch::kHeaderBytes);
  auto got = segment.file()->readFully(header.data(), header.size(), static_cast<std::uint64_t>(from));
  if (!got.ok()) return got.error();
  if (got.value() < header.size()) return true;
  const LocatedBatch found{BatchHeader::load(header.data()), from};
  return plausible(found.header) && found.header.baseOffset >= segment.nextOffset() && found.endPosition() > segment.sizeBytes();
}

Status keep(FileSystem& fs, const SegmentView& segment, std::int64_t from) {
  const File& log = *segment.file();
  auto opened = File::open(fs, log.folder(), log.name() + "." + std::to_string(from) + ".quarantine");
  if (!opened.ok()) return opened.error();
  File& kept = *opened.value();
  if (kept.size() > 0) {
    if (auto status = kept.truncate(0); !status.ok()) return status;
  }
  std::vector<std::uint8_t> window(static_cast<std::size_t>(kWindowBytes));
  for (std::int64_t at = from; at < segment.sizeBytes();) {
    auto got = segment.file()->readFully(window.data(), window.size(), static_cast<std::uint64_t>(at));
    if (!got.ok()) return got.error();
    if (got.value() == 0) break;
    if (auto status = kept.append(window.data(), got.value()); !status.ok()) return status;
    at += static_cast<std::int64_t>(got.value());
  }
  if (auto status = kept.sync(); !status.ok()) return status;
  return log.folder()->sync(fs);
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
  auto unwritten = neverWritten(segment, from, damage.to);
  if (!unwritten.ok()) return unwritten.error();
  if (behind.value().has_value()) {
    damage.kind = unwritten.value() ? Damage::Kind::kTornMiddle : Damage::Kind::kBroken;
    return damage;
  }
  auto early = endsEarly(segment, from);
  if (!early.ok()) return early.error();
  if (!unwritten.value() && !early.value()) damage.kind = Damage::Kind::kBroken;
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
    if (auto status = keep(fs, segment, damage.from); !status.ok()) return status;
  }
  return segment.file()->truncate(static_cast<std::uint64_t>(damage.from));
}

Status quarantineSegment(FileSystem& fs, const std::string& stem, bool empty) {
  const std::string log = stem + ".log";
  const std::string kept = log + ".quarantine";
  if (empty ? fs.unlink(log.c_str()) != 0 : fs.rename(log.c_str(), kept.c_str()) != 0) return systemError(empty ? "unlink" : "rename", log, errno);
  for (const char* suffix : {".index", ".timeindex", ".txnindex", ".snapshot"}) {
    const std::string path = stem + suffix;
    if (fs.unlink(path.c_str()) != 0 && errno != ENOENT) return systemError("unlink", path, errno);
  }
  return Done{};
}

}  // namespace millrace
