// The envelope as a FlatBuffer. Fields are appended from the widest to the narrowest; texts and vectors stand before the table.

#include "forge/events/envelope.h"

#include <cstring>

#include "event_generated.h"

namespace forge {
namespace {

fb::Id to_fb(const std::array<std::uint8_t, 16>& bytes) {
  std::uint64_t parts[2];
  std::memcpy(parts, bytes.data(), sizeof(parts));
  return fb::Id(__builtin_bswap64(parts[0]), __builtin_bswap64(parts[1]));
}

std::array<std::uint8_t, 16> from_fb(const fb::Id& id) {
  const std::uint64_t parts[2] = {__builtin_bswap64(id.high()), __builtin_bswap64(id.low())};
  std::array<std::uint8_t, 16> out{};
  std::memcpy(out.data(), parts, sizeof(parts));
  return out;
}

std::string_view view_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string_view() : std::string_view(text->c_str(), text->size());
}

template <typename T>
std::span<const T> span_of(const flatbuffers::Vector<T>* vector) {
  return vector == nullptr ? std::span<const T>() : std::span<const T>(vector->data(), vector->size());
}

template <typename Out, typename In>
std::optional<Out> optional_of(const flatbuffers::Optional<In>& value) {
  return value.has_value() ? std::optional<Out>(Out{*value}) : std::nullopt;
}

}  // namespace

struct EnvelopeWriter::State {
  flatbuffers::FlatBufferBuilder builder{1024};

  flatbuffers::Offset<flatbuffers::String> text(std::string_view value) {
    return value.empty() ? 0 : builder.CreateString(value.data(), value.size());
  }

  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> nested(std::span<const std::uint8_t> bytes) {
    builder.ForceVectorAlignment(bytes.size(), 1, 8);
    return builder.CreateVector(bytes.data(), bytes.size());
  }

  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<fb::Note>>> notes(const Envelope& envelope) {
    std::vector<flatbuffers::Offset<fb::Note>> offsets;
    for (const auto& [name, value] : envelope.metadata) {
      const auto stored_name = builder.CreateString(name.data(), name.size());
      const auto stored_value = builder.CreateString(value.data(), value.size());
      offsets.push_back(fb::CreateNote(builder, stored_name, stored_value));
    }
    return offsets.empty() ? 0 : builder.CreateVector(offsets);
  }

  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>> tags(const Envelope& envelope) {
    std::vector<flatbuffers::Offset<flatbuffers::String>> offsets;
    for (const std::string_view tag : envelope.tags) offsets.push_back(builder.CreateString(tag.data(), tag.size()));
    return offsets.empty() ? 0 : builder.CreateVector(offsets);
  }
};

EnvelopeWriter::EnvelopeWriter() : state_(std::make_unique<State>()) {
  state_->builder.DedupVtables(false);
}
EnvelopeWriter::~EnvelopeWriter() = default;
EnvelopeWriter::EnvelopeWriter(EnvelopeWriter&&) noexcept = default;
EnvelopeWriter& EnvelopeWriter::operator=(EnvelopeWriter&&) noexcept = default;

std::span<const std::uint8_t> EnvelopeWriter::write(const Envelope& envelope) {
  flatbuffers::FlatBufferBuilder& builder = state_->builder;
  builder.Clear();
  const auto changes = envelope.changes.empty() ? 0 : state_->nested(envelope.changes);
  const auto arguments = envelope.has_arguments ? state_->nested(envelope.arguments) : 0;
  const auto key = envelope.key.empty()
                       ? 0
                       : builder.CreateVector(reinterpret_cast<const std::uint8_t*>(envelope.key.data()), envelope.key.size());
  const auto actor = state_->text(envelope.actor);
  const auto idempotency_key = state_->text(envelope.idempotency_key);
  const auto correlation = state_->text(envelope.correlation);
  const auto cleared = envelope.cleared.empty() ? 0 : builder.CreateVector(envelope.cleared.data(), envelope.cleared.size());
  const auto tags = state_->tags(envelope);
  const auto metadata = state_->notes(envelope);
  const fb::Head head(envelope.seq, envelope.recorded_at.micros, to_fb(envelope.transaction.bytes), envelope.version,
                      envelope.incarnation, envelope.schema_version, envelope.resource, envelope.action, envelope.place,
                      envelope.count);

  const fb::Id input_digest = envelope.input_digest ? to_fb(*envelope.input_digest) : fb::Id();

  fb::EventBuilder event(builder);
  event.add_head(&head);
  if (envelope.input_digest) event.add_input_digest(&input_digest);
  if (envelope.occurred_at) event.add_occurred_at(envelope.occurred_at->micros);
  if (envelope.causation) event.add_causation(*envelope.causation);
  if (envelope.raw_clock) event.add_raw_clock(envelope.raw_clock->micros);
  if (envelope.undoes) event.add_undoes(*envelope.undoes);
  event.add_key(key);
  event.add_actor(actor);
  event.add_idempotency_key(idempotency_key);
  event.add_correlation(correlation);
  event.add_arguments(arguments);
  event.add_changes(changes);
  event.add_cleared(cleared);
  event.add_tags(tags);
  event.add_metadata(metadata);
  if (envelope.hops_left) event.add_hops_left(*envelope.hops_left);
  fb::FinishEventBuffer(builder, event.Finish());
  return {builder.GetBufferPointer(), builder.GetSize()};
}

Result<Envelope> read_envelope(std::span<const std::uint8_t> bytes) {
  flatbuffers::Verifier verifier(bytes.data(), bytes.size(), 64, 10'000);
  if (bytes.size() < 8 || !fb::VerifyEventBuffer(verifier)) {
    return Status(ErrorId::kDataCorrupt, "a stored event does not verify")
        .why(std::to_string(bytes.size()) + " bytes are not a sound event");
  }
  const fb::Event& event = *fb::GetEvent(bytes.data());
  const fb::Head& head = *event.head();
  Envelope out;
  out.seq = head.seq();
  out.recorded_at = Time{head.recorded_at()};
  out.transaction.bytes = from_fb(head.transaction());
  out.version = head.version();
  out.incarnation = head.incarnation();
  out.schema_version = head.schema_version();
  out.resource = head.resource();
  out.action = head.action();
  out.place = head.place();
  out.count = head.count();
  const auto key = span_of(event.key());
  out.key = {reinterpret_cast<const char*>(key.data()), key.size()};
  out.actor = view_of(event.actor());
  out.idempotency_key = view_of(event.idempotency_key());
  out.occurred_at = optional_of<Time>(event.occurred_at());
  out.correlation = view_of(event.correlation());
  out.causation = optional_of<Seq>(event.causation());
  out.hops_left = optional_of<std::uint8_t>(event.hops_left());
  out.undoes = optional_of<Seq>(event.undoes());
  out.has_arguments = event.arguments() != nullptr;
  out.arguments = span_of(event.arguments());
  out.changes = span_of(event.changes());
  out.cleared = span_of(event.cleared());
  out.raw_clock = optional_of<Time>(event.raw_clock());
  if (event.tags() != nullptr) {
    for (const flatbuffers::String* tag : *event.tags()) out.tags.push_back(view_of(tag));
  }
  if (event.metadata() != nullptr) {
    for (const fb::Note* note : *event.metadata()) out.metadata.emplace_back(view_of(note->name()), view_of(note->value()));
  }
  if (event.input_digest() != nullptr) out.input_digest = from_fb(*event.input_digest());
  return out;
}

}  // namespace forge
