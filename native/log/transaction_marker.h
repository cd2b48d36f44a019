#pragma once

#include <cstdint>
#include <optional>

#include "../codec/codec.h"
#include "segment.h"

namespace millrace {

/// How a transaction ended on a partition. Record of a control batch; key: int16 version, int16 type; value: int16 version, int32
/// coordinator epoch.
struct TransactionMarker {
  enum class Type : std::int16_t { kAbort = 0, kCommit = 1 };

  Type type = Type::kAbort;
  std::int32_t coordinatorEpoch = 0;
};

inline constexpr std::int16_t kTransactionalBit = 1 << 4;
inline constexpr std::int16_t kControlBit = 1 << 5;

[[nodiscard]] inline bool isControl(const BatchHeader& header) noexcept { return (header.attributes & kControlBit) != 0; }
[[nodiscard]] inline bool isTransactional(const BatchHeader& header) noexcept { return (header.attributes & kTransactionalBit) != 0; }

/// The marker in the records of a control batch; nullopt when it holds none (another kind of control record, or emptied by cleaning).
[[nodiscard]] std::optional<TransactionMarker> markerOf(ByteView records);

/// A batch as a replay of producer state needs it.
struct ReplayedBatch : BatchHeader {
  std::optional<TransactionMarker> marker;
};

/// The marker of a control batch, read from its file.
[[nodiscard]] Result<std::optional<TransactionMarker>> readMarker(const File& file, const LocatedBatch& located);

}  // namespace millrace
