#include "records.h"

#include <algorithm>

namespace millrace {
namespace {

/// Zigzag varint of at most 10 bytes; false when cut off or longer.
bool readVarlong(ByteView in, std::size_t& at, std::int64_t& value) {
  std::uint64_t raw = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (at >= in.size()) return false;
    const std::uint8_t byte = in[at++];
    raw |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      value = static_cast<std::int64_t>(raw >> 1) ^ -static_cast<std::int64_t>(raw & 1);
      return true;
    }
  }
  return false;
}

/// A length that fits what is left, or -1 (null).
bool readLength(ByteView in, std::size_t& at, std::int64_t& length) {
  return readVarlong(in, at, length) && length >= -1 && (length < 0 || static_cast<std::uint64_t>(length) <= in.size() - at);
}

std::uint64_t zigzag(std::int64_t value) { return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63); }

std::size_t sizeOfVarlong(std::int64_t value) {
  std::size_t size = 1;
  for (std::uint64_t raw = zigzag(value); raw >= 0x80; raw >>= 7) ++size;
  return size;
}

void appendVarlong(std::int64_t value, std::vector<std::uint8_t>& out) {
  std::uint64_t raw = zigzag(value);
  for (; raw >= 0x80; raw >>= 7) out.push_back(static_cast<std::uint8_t>(raw | 0x80));
  out.push_back(static_cast<std::uint8_t>(raw));
}

}  // namespace

bool RecordCursor::next(RecordView& into) {
  if (at_ == in_.size()) return false;
  malformed_ = true;
  std::int64_t length = 0;
  if (!readLength(in_, at_, length) || length < 1) return false;
  const ByteView body = in_.subspan(at_, static_cast<std::size_t>(length));
  into.attributes = body[0];
  std::size_t at = 1;
  std::int64_t offsetDelta = 0;
  if (!readVarlong(body, at, into.timestampDelta) || !readVarlong(body, at, offsetDelta) || offsetDelta < 0 || offsetDelta > INT32_MAX) return false;
  into.offsetDelta = static_cast<std::int32_t>(offsetDelta);
  into.rest = body.subspan(at);
  std::int64_t keyLength = 0;
  if (!readLength(body, at, keyLength)) return false;
  into.key.reset();
  if (keyLength >= 0) {
    into.key = body.subspan(at, static_cast<std::size_t>(keyLength));
    at += static_cast<std::size_t>(keyLength);
  }
  std::int64_t valueLength = 0;
  if (!readLength(body, at, valueLength)) return false;
  into.hasValue = valueLength >= 0;
  into.value = into.hasValue ? body.subspan(at, static_cast<std::size_t>(valueLength)) : ByteView();
  at_ += static_cast<std::size_t>(length);
  malformed_ = false;
  return true;
}

bool headersWellFormed(const RecordView& record) {
  const ByteView rest = record.rest;
  std::size_t at = 0;
  std::int64_t length = 0;
  // Key and value were looked at before.
  for (int i = 0; i < 2; ++i) {
    if (!readLength(rest, at, length)) return false;
    at += static_cast<std::size_t>(std::max<std::int64_t>(length, 0));
  }
  std::int64_t count = 0;
  if (!readVarlong(rest, at, count) || count < 0) return false;
  for (; count > 0; --count) {
    for (const std::int64_t least : {0, -1}) {
      if (!readLength(rest, at, length) || length < least) return false;
      at += static_cast<std::size_t>(std::max<std::int64_t>(length, 0));
    }
  }
  return at == rest.size();
}

void appendRecord(const RecordView& record, std::int64_t timestampDelta, std::vector<std::uint8_t>& out) {
  const std::size_t length = 1 + sizeOfVarlong(timestampDelta) + sizeOfVarlong(record.offsetDelta) + record.rest.size();
  appendVarlong(static_cast<std::int64_t>(length), out);
  out.push_back(record.attributes);
  appendVarlong(timestampDelta, out);
  appendVarlong(record.offsetDelta, out);
  out.insert(out.end(), record.rest.begin(), record.rest.end());
}

}  // namespace millrace
