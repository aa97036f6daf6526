#include "rule_evaluator.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "forge/events/domain.h"

namespace forge::internal {
namespace {

constexpr std::int64_t kStepsMax = 65536;
constexpr std::int64_t kBytesPerStep = 64;
constexpr std::size_t kBuiltTextBytesMax = std::size_t{1} << 20;

bool is_true(const Cell& cell) {
  return cell.kind == Kind::kBool && cell.boolean;
}
bool is_false(const Cell& cell) {
  return cell.kind == Kind::kBool && !cell.boolean;
}

bool holds(Op comparison, int order) {
  switch (comparison) {
    case Op::kEqual:
      return order == 0;
    case Op::kNotEqual:
      return order != 0;
    case Op::kLess:
      return order < 0;
    case Op::kLessEqual:
      return order <= 0;
    case Op::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

// Most operators give NULL when an operand is.
bool any_null(const Cell* operands, std::size_t count) {
  return std::any_of(operands, operands + count, [](const Cell& operand) { return operand.is_null(); });
}

}  // namespace

RuleEvaluator::RuleEvaluator(const RuleProgram& program, const RuleInput& input, std::pmr::memory_resource& memory)
    : program_(program),
      input_(input),
      memory_(memory),
      work_left_((kStepsMax - static_cast<std::int64_t>(program.code.size())) * kBytesPerStep) {}

bool RuleEvaluator::fail(std::string reason) {
  reason_ = std::move(reason);
  return false;
}

bool RuleEvaluator::spend(std::size_t bytes) {
  work_left_ -= static_cast<std::int64_t>(bytes);
  return work_left_ >= 0 || fail("it takes more than 65536 steps");
}

char* RuleEvaluator::allocate(std::size_t bytes) {
  if (bytes > kBuiltTextBytesMax - text_bytes_) {
    fail("its texts grow beyond 1 MiB");
    return nullptr;
  }
  text_bytes_ += bytes;
  return static_cast<char*>(memory_.allocate(std::max<std::size_t>(bytes, 1), 1));
}

// One instruction a turn: a single switch, long but flat, so that an operator costs a few nanoseconds. The stack is large enough
// for every program (kStackCellsMax) and is not initialised.
bool RuleEvaluator::run(Cell& result) {
  alignas(Cell) std::byte storage[(kStackCellsMax + 1) * sizeof(Cell)];
  Cell* top = reinterpret_cast<Cell*>(storage);  // the topmost cell; the first stands for none
  const Instruction* const code = program_.code.data();
  const Instruction* const end = code + program_.code.size();
  for (const Instruction* at = code; at != end; ++at) {
    const auto jump = [&] { at = code + at->operand - 1; };
    switch (at->op) {
      case Op::kLiteral:
        *++top = program_.constants[at->operand];
        break;
      case Op::kField:
        if (!load(*at, input_.record, *program_.record, *++top)) return false;
        break;
      case Op::kArgument:
        if (!load(*at, input_.arguments, *program_.argument_table, *++top)) return false;
        break;
      case Op::kActorId:
        *++top = Cell::of(input_.actor_id);
        break;
      case Op::kActorRole:
        *++top = Cell::of(input_.actor_role);
        break;
      case Op::kNow:
        *++top = Cell::of(input_.now.micros);
        break;
      case Op::kParameter:
        *++top = at->index < input_.parameters.size() ? input_.parameters[at->index] : Cell::null();
        break;
      case Op::kNot:
        if (!top->is_null()) top->boolean = !top->boolean;
        break;
      case Op::kIsNull:
        *top = Cell::of(top->is_null());
        break;
      case Op::kIsTrue:
        *top = Cell::of(is_true(*top));
        break;
      case Op::kIsFalse:
        *top = Cell::of(is_false(*top));
        break;
      case Op::kToFloat:
        if (top->kind == Kind::kInt) *top = Cell::of(static_cast<double>(top->integer));
        break;
      case Op::kNegate:
      case Op::kAbs:
      case Op::kRound:
      case Op::kFloor:
      case Op::kCeil:
        if (!top->is_null() && !unary_arithmetic(at->op, Cell(*top), *top, reason_)) return false;
        break;
      case Op::kEqual:
      case Op::kNotEqual:
      case Op::kLess:
      case Op::kLessEqual:
      case Op::kGreater:
      case Op::kGreaterEqual:
        --top;
        if (!compare(at->op, top[0], top[1], top[0])) return false;
        break;
      case Op::kAdd:
      case Op::kSubtract:
      case Op::kMultiply:
      case Op::kDivide:
      case Op::kModulo:
        --top;
        if (any_null(top, 2))
          *top = Cell::null();
        else if (!arithmetic(at->op, Cell(top[0]), top[1], top[0], reason_))
          return false;
        break;
      case Op::kAnd:
        --top, *top = logical_and(top[0], top[1]);
        break;
      case Op::kOr:
        --top, *top = logical_or(top[0], top[1]);
        break;
      case Op::kNullif: {
        bool same = false;
        --top;
        if (!equal(top[0], top[1], same)) return false;
        if (same) *top = Cell::null();
        break;
      }
      case Op::kMin:
      case Op::kMax:
        if (!extreme(at->op, --top)) return false;
        break;
      case Op::kBetween:
        if (!between(top -= 2)) return false;
        break;
      case Op::kJump:
        jump();
        break;
      case Op::kJumpIfFalse:
        if (is_false(*top)) jump();
        break;
      case Op::kJumpIfTrue:
        if (is_true(*top)) jump();
        break;
      case Op::kJumpUnless:
        if (!is_true(*top--)) jump();
        break;
      case Op::kJumpIfValue:
        if (!top->is_null())
          jump();
        else
          --top;
        break;
      case Op::kCaseTest: {
        bool same = false;
        --top;
        if (!equal(top[0], top[1], same)) return false;
        if (!same) jump();
        break;
      }
      case Op::kInBegin:
        *++top = Cell::of(false);
        break;
      case Op::kInTest:
        if (!in_test((--top) - 1)) return false;
        if (is_true(*top)) jump();
        break;
      case Op::kInEnd:
        --top, top[0] = top[1];
        break;
      case Op::kPop:
        --top;
        break;
      default:
        top -= at->index - 1;
        if (!text_function(*at, top)) return false;
        break;
    }
  }
  result = *top;
  return true;
}

// A cell of another kind than its field's type is a mistake of the caller that must not be read as that type.
bool RuleEvaluator::load(const Instruction& instruction, std::span<const Cell> row, const TableType& table, Cell& result) {
  if (instruction.index >= row.size() || row[instruction.index].is_null()) {
    result = Cell::null();
    return true;
  }
  result = row[instruction.index];
  if (result.kind == instruction.kind) {
    if (result.kind != Kind::kFloat || std::isfinite(result.number)) return true;
    return fail("'" + table.fields[instruction.index].name + "' is not a finite number");
  }
  if (instruction.kind == Kind::kFloat && result.kind == Kind::kInt) {
    result = Cell::of(static_cast<double>(result.integer));
    return true;
  }
  return fail("'" + table.fields[instruction.index].name + "' holds a value of another type than it is declared with");
}

bool RuleEvaluator::compare(Op op, const Cell& a, const Cell& b, Cell& result) {
  if (a.is_null() || b.is_null()) {
    result = Cell::null();
    return true;
  }
  if (a.kind == Kind::kText && !spend(std::min(a.size, b.size))) return false;
  result = Cell::of(holds(op, order(a, b)));
  return true;
}

bool RuleEvaluator::equal(const Cell& a, const Cell& b, bool& is_equal) {
  Cell result;
  if (!compare(Op::kEqual, a, b, result)) return false;
  is_equal = is_true(result);
  return true;
}

bool RuleEvaluator::between(Cell* operands) {
  Cell above;
  Cell below;
  if (!compare(Op::kGreaterEqual, operands[0], operands[1], above)) return false;
  if (!compare(Op::kLessEqual, operands[0], operands[2], below)) return false;
  operands[0] = logical_and(above, below);
  return true;
}

bool RuleEvaluator::extreme(Op op, Cell* operands) {
  Cell second_wins;
  if (!compare(op == Op::kMin ? Op::kLess : Op::kGreater, operands[1], operands[0], second_wins)) return false;
  if (second_wins.is_null()) operands[0] = Cell::null();
  if (is_true(second_wins)) operands[0] = operands[1];
  return true;
}

// operands: the value, what is known so far, the item.
bool RuleEvaluator::in_test(Cell* operands) {
  Cell same;
  if (!compare(Op::kEqual, operands[0], operands[2], same)) return false;
  operands[1] = logical_or(operands[1], same);
  return true;
}

bool RuleEvaluator::enum_name(const EnumType& enumeration, Cell& operand) {
  const EnumValue* value = enumeration.find(operand.integer);
  if (value == nullptr) return fail(std::to_string(operand.integer) + " is no value of " + enumeration.name);
  operand = Cell::of(std::string_view(value->name));
  return true;
}

bool RuleEvaluator::text_function(const Instruction& instruction, Cell* operands) {
  if (any_null(operands, instruction.index)) {
    operands[0] = Cell::null();
    return true;
  }
  if (instruction.op == Op::kEnumName) return enum_name(*program_.enumerations[instruction.operand], operands[0]);
  for (std::size_t i = 0; i < instruction.index; ++i) {
    if (operands[i].kind == Kind::kText && !spend(operands[i].size)) return false;
  }
  switch (instruction.op) {
    case Op::kLower:
      return change_case(false, operands[0]);
    case Op::kUpper:
      return change_case(true, operands[0]);
    case Op::kTrim:
      return trim(operands[0]);
    case Op::kLength:
      operands[0] = Cell::of(character_count(operands[0].as_text()));
      return true;
    case Op::kConcat:
      return concat(operands);
    case Op::kLike:
      return match_like(operands);
    case Op::kInstr:
      operands[0] = Cell::of(place_in(operands[0].as_text(), operands[1].as_text()));
      return true;
    case Op::kSubstr:
      return substr(operands, instruction.index);
    default:
      return replace(operands);
  }
}

bool RuleEvaluator::change_case(bool upper, Cell& operand) {
  const char first = upper ? 'a' : 'A';
  char* out = allocate(operand.size);
  if (out == nullptr) return false;
  std::transform(operand.text, operand.text + operand.size, out,
                 [first](char c) { return c >= first && c <= first + ('z' - 'a') ? static_cast<char>(c ^ 0x20) : c; });
  operand.text = out;
  return true;
}

bool RuleEvaluator::trim(Cell& operand) {
  std::string_view text = operand.as_text();
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  text = text.substr(0, text.find_last_not_of(' ') + 1);
  operand = Cell::of(text);
  return true;
}

bool RuleEvaluator::concat(Cell* operands) {
  const std::size_t size = std::size_t{operands[0].size} + operands[1].size;
  char* out = allocate(size);
  if (out == nullptr) return false;
  std::copy_n(operands[1].text, operands[1].size, std::copy_n(operands[0].text, operands[0].size, out));
  operands[0] = Cell::of(std::string_view(out, size));
  return true;
}

bool RuleEvaluator::substr(Cell* operands, std::size_t count) {
  const std::optional<std::int64_t> length = count == 3 ? std::optional(operands[2].integer) : std::nullopt;
  operands[0] = Cell::of(substring(operands[0].as_text(), operands[1].integer, length));
  return true;
}

bool RuleEvaluator::replace(Cell* operands) {
  const std::string_view text = operands[0].as_text();
  const std::string_view from = operands[1].as_text();
  const std::string_view to = operands[2].as_text();
  std::size_t found = from.empty() ? std::string_view::npos : find_from(text, from, 0);
  if (found == std::string_view::npos) return true;
  std::size_t count = 0;
  for (std::size_t at = found; at != std::string_view::npos; at = find_from(text, from, at + from.size())) ++count;
  const std::size_t size = text.size() - count * from.size() + count * to.size();
  char* const out = allocate(size);
  if (out == nullptr) return false;
  char* end = out;
  std::size_t at = 0;
  for (; found != std::string_view::npos; found = find_from(text, from, at)) {
    end = std::copy_n(text.data() + at, found - at, end);
    end = std::copy_n(to.data(), to.size(), end);
    at = found + from.size();
  }
  std::copy_n(text.data() + at, text.size() - at, end);
  operands[0] = Cell::of(std::string_view(out, size));
  return true;
}

bool RuleEvaluator::match_like(Cell* operands) {
  const std::optional<bool> matches = like(operands[0].as_text(), operands[1].as_text(), work_left_);
  if (!matches) return spend(0);
  operands[0] = Cell::of(*matches);
  return true;
}

}  // namespace forge::internal
