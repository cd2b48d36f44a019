#include "transaction_marker.h"

#include <algorithm>
#include <array>

#include "records.h"

namespace millrace {

std::optional<TransactionMarker> markerOf(ByteView records) {
  RecordView record;
  RecordCursor cursor(records);
  if (!cursor.next(record) || !record.key.has_value() || record.key->size() < 4) return std::nullopt;
  const auto type = loadBe<std::int16_t>(record.key->data() + 2);
  if (type != 0 && type != 1) return std::nullopt;
  if (!record.hasValue || record.value.size() < 6) return std::nullopt;
  return TransactionMarker{static_cast<TransactionMarker::Type>(type), loadBe<std::int32_t>(record.value.data() + 2)};
}

Result<std::optional<TransactionMarker>> readMarker(const File& file, const LocatedBatch& located) {
  // A marker takes 78 bytes as Kafka writes it; control batches are never compressed.
  std::array<std::uint8_t, 256> bytes;
  const std::size_t wanted = std::min<std::size_t>(bytes.size(), static_cast<std::size_t>(located.header.sizeBytes) - batch::kHeaderBytes);
  auto got = file.readFully(bytes.data(), wanted, static_cast<std::uint64_t>(located.position) + batch::kHeaderBytes);
  if (!got.ok()) return got.error();
  return markerOf(ByteView(bytes.data(), got.value()));
}

}  // namespace millrace
