#include "datum.h"

#include <bit>
#include <memory>
#include <set>

namespace forge::internal {
namespace {

Status contradiction(std::string why) {
  return Status(ErrorId::kTokenInvalid, "a stored value contradicts itself").why(std::move(why));
}

Result<Value> to_list(const fb::DatumT& datum) {
  List list;
  list.reserve(datum.items.size());
  for (const auto& item : datum.items) {
    FORGE_ASSIGN(Value value, to_value(*item));
    list.push_back(std::move(value));
  }
  return Value(std::move(list));
}

Result<Value> to_object(const fb::DatumT& datum) {
  if (datum.names.size() != datum.items.size()) return contradiction("an object has names and values of different number");
  Object object;
  std::set<std::string_view> taken;
  for (std::size_t i = 0; i < datum.items.size(); ++i) {
    if (!taken.insert(datum.names[i]).second) return contradiction("an object has '" + datum.names[i] + "' twice");
    FORGE_ASSIGN(Value value, to_value(*datum.items[i]));
    object.add(datum.names[i], std::move(value));
  }
  return Value(std::move(object));
}

void fill(const Value& value, fb::DatumT& datum) {
  if (const bool* boolean = value.if_bool()) {
    datum.kind = fb::DatumKind::Bool;
    datum.number = *boolean ? 1 : 0;
  } else if (const std::int64_t* integer = value.if_int()) {
    datum.kind = fb::DatumKind::Int;
    datum.number = *integer;
  } else if (const double* number = value.if_double()) {
    datum.kind = fb::DatumKind::Float;
    datum.number = std::bit_cast<std::int64_t>(*number);
  } else if (const std::string* text = value.if_text()) {
    datum.kind = fb::DatumKind::Text;
    datum.text = *text;
  } else if (const Bytes* bytes = value.if_bytes()) {
    datum.kind = fb::DatumKind::Bytes;
    datum.bytes = *bytes;
  } else if (const List* list = value.if_list()) {
    datum.kind = fb::DatumKind::List;
    for (const Value& item : *list) datum.items.push_back(std::make_unique<fb::DatumT>(to_datum(item)));
  } else if (const Object* object = value.if_object()) {
    datum.kind = fb::DatumKind::Object;
    for (const auto& [name, member] : object->members()) {
      datum.names.push_back(name);
      datum.items.push_back(std::make_unique<fb::DatumT>(to_datum(member)));
    }
  }
}

}  // namespace

fb::DatumT to_datum(const Value& value) {
  fb::DatumT datum;
  fill(value, datum);
  return datum;
}

Result<Value> to_value(const fb::DatumT& datum) {
  switch (datum.kind) {
    case fb::DatumKind::Null:
      return Value();
    case fb::DatumKind::Bool:
      return Value(datum.number != 0);
    case fb::DatumKind::Int:
      return Value(datum.number);
    case fb::DatumKind::Float:
      return Value(std::bit_cast<double>(datum.number));
    case fb::DatumKind::Text:
      return Value(datum.text);
    case fb::DatumKind::Bytes:
      return Value(Bytes(datum.bytes.begin(), datum.bytes.end()));
    case fb::DatumKind::List:
      return to_list(datum);
    case fb::DatumKind::Object:
      return to_object(datum);
  }
  return contradiction("a value is of kind " + std::to_string(static_cast<int>(datum.kind)) + ", which this version does not know");
}

}  // namespace forge::internal
