// Random expressions over random rows give what SQLite gives. Left out are the differences by design (docs/rules.md): what is an
// error here and something else there (overflow, division by zero), round, floor and ceil, which give ints here, and replacing an
// empty text by NULL, which gives NULL here.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdlib>
#include <deque>
#include <memory>
#include <random>

#include "rule_fixture.h"

namespace forge {
namespace {

std::uint64_t seed() {
  const char* given = std::getenv("FORGE_TEST_SEED");
  return given == nullptr ? 20261123 : std::strtoull(given, nullptr, 10);
}

// An expression in both dialects.
struct Both {
  std::string forge;
  std::string sqlite;

  explicit Both(std::string same) : forge(same), sqlite(std::move(same)) {}
  Both(std::string in_forge, std::string in_sqlite) : forge(std::move(in_forge)), sqlite(std::move(in_sqlite)) {}
};

Both operator+(const Both& a, const Both& b) {
  return {a.forge + b.forge, a.sqlite + b.sqlite};
}
Both operator+(const Both& a, const std::string& b) {
  return a + Both(b);
}
Both operator+(const std::string& a, const Both& b) {
  return Both(a) + b;
}

class Generator {
 public:
  explicit Generator(std::uint64_t from_seed) : random_(from_seed) {}

  std::size_t below(std::size_t bound) { return random_() % bound; }
  template <std::size_t N>
  std::string one_of(const char* const (&texts)[N]) {
    return texts[below(N)];
  }

  Both any(int depth) {
    switch (below(4)) {
      case 0:
        return integer(depth);
      case 1:
        return number(depth);
      case 2:
        return text(depth);
      default:
        return boolean(depth);
    }
  }

  Cell random_int() {
    static constexpr std::int64_t kEdges[] = {0, 1, -1, 2, 3, 7, -7, 100, INT64_MAX, INT64_MIN, INT64_MAX - 1, (1LL << 53) + 1};
    return Cell::of(kEdges[below(std::size(kEdges))]);
  }
  Cell random_float() { return Cell::of(static_cast<double>(static_cast<int>(below(80)) - 40) / 8); }
  std::string random_text() {
    static constexpr const char* kParts[] = {"a", "B", "ab", "é", " ", "%", "_", "x", "日", "placed"};
    std::string made;
    for (std::size_t parts = below(5); parts > 0; --parts) made += one_of(kParts);
    return made;
  }

 private:
  // Half of the operands stand without parentheses, so that precedence is tested.
  Both maybe_grouped(const Both& inner) { return below(2) == 0 ? inner : "(" + inner + ")"; }
  Both operator_of(const Both& a, const std::string& symbol, const Both& b) { return maybe_grouped(a + " " + symbol + " " + b); }

  Both integer(int depth) {
    static constexpr const char* kLeaves[] = {"qty", "total_cents", "\"end\"", "small", "null"};
    static constexpr const char* kOperators[] = {"+", "-", "*", "/", "%"};
    if (depth <= 0) {
      if (below(10) == 0) return {":qty", "?1"};
      if (below(2) == 0) return Both(one_of(kLeaves));
      return Both(written(below(4) == 0 ? random_int() : Cell::of(static_cast<std::int64_t>(below(10)))));
    }
    switch (below(10)) {
      case 0:
        return "length(" + text(depth - 1) + ")";
      case 1:
        return "instr(" + text(depth - 1) + ", " + text(depth - 1) + ")";
      case 2:
        return "abs(" + integer(depth - 1) + ")";
      case 3:
        return "- " + maybe_grouped(integer(depth - 1));
      case 4:
        return chosen(&Generator::integer, depth);
      case 5:
        return whole(depth);
      default:
        return operator_of(integer(depth - 1), one_of(kOperators), integer(depth - 1));
    }
  }

  Both whole(int depth) {
    static constexpr const char* kFunctions[] = {"round", "floor", "ceil"};
    const std::string function = one_of(kFunctions);
    const Both argument = Both("price * ") + maybe_grouped(number(depth - 1));
    return {function + "(" + argument.forge + ")", "cast(" + function + "(" + argument.sqlite + ") as integer)"};
  }

  Both number(int depth) {
    static constexpr const char* kOperators[] = {"+", "-", "*", "/"};
    if (depth <= 0) return below(2) == 0 ? Both("price") : Both(written(random_float()));
    switch (below(6)) {
      case 0:
        return chosen(&Generator::number, depth);
      case 1:
        return operator_of(integer(depth - 1), one_of(kOperators), number(depth - 1));
      case 2:
        return "abs(" + number(depth - 1) + ")";
      default:
        return operator_of(number(depth - 1), one_of(kOperators), number(depth - 1));
    }
  }

  Both text(int depth) {
    static constexpr const char* kLeaves[] = {"id", "note", "null"};
    if (depth <= 0 && below(8) == 0) return {":reason", "?2"};
    if (depth <= 0) return below(2) == 0 ? Both(one_of(kLeaves)) : Both("'" + random_text() + "'");
    switch (below(8)) {
      case 0:
        return "lower(" + text(depth - 1) + ")";
      case 1:
        return "upper(" + text(depth - 1) + ")";
      case 2:
        return "trim(" + text(depth - 1) + ")";
      case 3:
        return "replace(" + text(depth - 1) + ", " + text(depth - 1) + ", '" + random_text() + "')";
      case 4:
        return "substr(" + text(depth - 1) + ", " + offset() + (below(2) == 0 ? ")" : ", " + offset() + ")");
      case 5:
        return chosen(&Generator::text, depth);
      case 6:
        return "lower(" + enumeration() + ")";
      default:
        return operator_of(text(depth - 1), "||", text(depth - 1));
    }
  }

  std::string offset() { return std::to_string(static_cast<int>(below(13)) - 6); }

  Both enumeration() {
    static constexpr const char* kLeaves[] = {"status", "previous", "coalesce(previous, 'Paid')", "nullif(status, previous)",
                                              "case when paid then 'Shipped' else status end"};
    return Both(one_of(kLeaves));
  }

  // A value of one type, chosen by a condition or by being there.
  Both chosen(Both (Generator::*part)(int), int depth) {
    const auto make = [&] { return (this->*part)(depth - 1); };
    switch (below(6)) {
      case 0:
        return "iif(" + boolean(depth - 1) + ", " + make() + ", " + make() + ")";
      case 1:
        return "coalesce(" + make() + ", " + make() + ", " + make() + ")";
      case 2:
        return "nullif(" + make() + ", " + make() + ")";
      case 3:
        return "case when " + boolean(depth - 1) + " then " + make() + " else " + make() + " end";
      case 4:
        return "case " + integer(depth - 1) + " when " + integer(depth - 1) + " then " + make() + " end";
      default:
        return one_of({"min(", "max("}) + make() + ", " + make() + ")";
    }
  }

  Both comparison(Both (Generator::*part)(int), int depth) {
    static constexpr const char* kOperators[] = {"=", "==", "<>", "!=", "<", "<=", ">", ">="};
    static constexpr const char* kNot[] = {"", "not "};
    const auto make = [&] { return (this->*part)(depth - 1); };
    switch (below(4)) {
      case 0:
        return maybe_grouped(make() + " " + one_of(kNot) + "between " + make() + " and " + make());
      case 1:
        return maybe_grouped(make() + " " + one_of(kNot) + "in (" + make() + ", " + make() + ", " + make() + ")");
      default:
        return operator_of(make(), one_of(kOperators), make());
    }
  }

  Both boolean(int depth) {
    static constexpr const char* kLeaves[] = {
        "paid", "true", "false", "null", "note is null", "status = 'Placed'", "previous in ('Paid', status)", "status <> previous"};
    static constexpr const char* kTests[] = {"is null", "is not null"};
    static constexpr const char* kTruth[] = {"is true", "is not true", "is false", "is not false"};
    static constexpr const char* kEqual[] = {"=", "<>"};
    if (depth <= 0) return Both(one_of(kLeaves));
    switch (below(12)) {
      case 0:
        return maybe_grouped("not " + boolean(depth - 1));
      case 1:
        return maybe_grouped(any(depth - 1) + " " + one_of(kTests));
      case 2:
        return maybe_grouped(boolean(depth - 1) + " " + one_of(kTruth));
      case 3:
        return operator_of(boolean(depth - 1), one_of(kEqual), boolean(depth - 1));
      case 4:
        return operator_of(text(depth - 1), one_of({"like", "not like"}), text(depth - 1));
      case 5:
        return operator_of(boolean(depth - 1), "and", boolean(depth - 1));
      case 6:
        return operator_of(boolean(depth - 1), "or", boolean(depth - 1));
      case 7:
        return comparison(&Generator::text, depth);
      case 8:
        return comparison(&Generator::number, depth);
      case 9:
        return operator_of(enumeration(), one_of(kEqual), enumeration());
      default:
        return comparison(&Generator::integer, depth);
    }
  }

  std::mt19937_64 random_;
};

class Sqlite {
 public:
  using Statement = std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)>;

  // The columns have no types, so that values are kept and compared as they are.
  Sqlite() {
    EXPECT_EQ(sqlite3_open(":memory:", &database_), SQLITE_OK);
    run(prepare("create table row (id, qty, total_cents, status, paid, price, note, \"end\", small, previous)"));
  }
  ~Sqlite() { sqlite3_close(database_); }
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  void fill(const RuleShop& shop) {
    static constexpr RuleShop::FieldIndex kColumns[] = {RuleShop::kId,    RuleShop::kQty,     RuleShop::kTotal, RuleShop::kStatus,
                                                        RuleShop::kPaid,  RuleShop::kPrice,   RuleShop::kNote,  RuleShop::kEnd,
                                                        RuleShop::kSmall, RuleShop::kPrevious};
    run(prepare("delete from row"));
    const Statement insert = prepare("insert into row values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (std::size_t i = 0; i < std::size(kColumns); ++i) {
      bind(insert, static_cast<int>(i + 1), shop.row[kColumns[i]], shop.record.fields[kColumns[i]].enumeration);
    }
    run(insert);
  }

  // The value of `expression` over the row, with ?1 and ?2 for the arguments, in Forge's words; or SQLite's error.
  std::string value(const std::string& expression, const RuleShop& shop, RuleType type) {
    const Statement statement = prepare("select " + expression + " from row");
    if (statement == nullptr) return sqlite3_errmsg(database_);
    bind(statement, 1, shop.argument_row[0], nullptr);
    bind(statement, 2, shop.argument_row[1], nullptr);
    if (sqlite3_step(statement.get()) != SQLITE_ROW) return sqlite3_errmsg(database_);
    return result(statement.get(), type);
  }

 private:
  Statement prepare(const std::string& sql) {
    sqlite3_stmt* made = nullptr;
    sqlite3_prepare_v2(database_, sql.c_str(), -1, &made, nullptr);
    return {made, sqlite3_finalize};
  }
  static void run(const Statement& statement) { EXPECT_EQ(sqlite3_step(statement.get()), SQLITE_DONE); }

  static void bind(const Statement& to, int index, const Cell& cell, const EnumType* enumeration) {
    sqlite3_stmt* statement = to.get();
    std::string_view text = cell.kind == Kind::kText ? cell.as_text() : std::string_view();
    if (enumeration != nullptr && !cell.is_null()) text = enumeration->find(cell.integer)->name;
    if (cell.is_null())
      sqlite3_bind_null(statement, index);
    else if (cell.kind == Kind::kText || enumeration != nullptr)
      sqlite3_bind_text(statement, index, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
    else if (cell.kind == Kind::kInt)
      sqlite3_bind_int64(statement, index, cell.integer);
    else if (cell.kind == Kind::kBool)
      sqlite3_bind_int64(statement, index, cell.boolean ? 1 : 0);
    else
      sqlite3_bind_double(statement, index, cell.number);
  }

  static std::string result(sqlite3_stmt* statement, RuleType type) {
    switch (sqlite3_column_type(statement, 0)) {
      case SQLITE_NULL:
        return "null";
      case SQLITE_TEXT:
        return "'" + std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, 0))) + "'";
      case SQLITE_FLOAT:
        return written(Cell::of(sqlite3_column_double(statement, 0) + 0.0));
      default:
        break;
    }
    const std::int64_t value = sqlite3_column_int64(statement, 0);
    if (type == RuleType::kBool) return written(Cell::of(value != 0));
    if (type == RuleType::kFloat) return written(Cell::of(static_cast<double>(value)));
    return std::to_string(value);
  }

  sqlite3* database_ = nullptr;
};

void fill_row(RuleShop& shop, Generator& generator, std::deque<std::string>& texts) {
  const auto or_null = [&](Cell cell) { return generator.below(4) == 0 ? Cell::null() : cell; };
  const auto text = [&] { return Cell::of(std::string_view(texts.emplace_back(generator.random_text()))); };
  const auto status = [&] { return Cell::of(shop.status.values[generator.below(shop.status.values.size())].value); };
  shop.row[RuleShop::kId] = text();
  shop.row[RuleShop::kQty] = Cell::of(static_cast<std::int64_t>(generator.below(5)));
  shop.row[RuleShop::kTotal] = or_null(generator.random_int());
  shop.row[RuleShop::kStatus] = status();
  shop.row[RuleShop::kPaid] = or_null(Cell::of(generator.below(2) == 0));
  shop.row[RuleShop::kPrice] = or_null(generator.random_float());
  shop.row[RuleShop::kNote] = or_null(text());
  shop.row[RuleShop::kPrevious] = or_null(status());
  shop.argument_row[0] = or_null(generator.random_int());
  shop.argument_row[1] = or_null(text());
}

TEST(RulesAndSqlite, AgreeOnRandomExpressions) {
  constexpr int kCases = 20000;
  constexpr int kCasesPerRow = 8;
  std::printf("FORGE_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed()));
  Generator generator(seed());
  Sqlite sqlite;
  RuleShop shop;
  std::deque<std::string> texts;
  int compared = 0;
  int refused = 0;
  for (int i = 0; i < kCases && !::testing::Test::HasFailure(); ++i) {
    if (i % kCasesPerRow == 0) {
      texts.clear();
      fill_row(shop, generator, texts);
      sqlite.fill(shop);
    }
    const Both both = generator.any(static_cast<int>(generator.below(4)) + 1);
    const Result<Expression> expression = shop.parse(both.forge);
    if (!expression.ok()) {
      // What stands without parentheses may be read as another tree, whose types do not fit.
      ++refused;
      continue;
    }
    shop.memory.release();
    const Result<Cell> cell = expression->evaluate(shop.input(), shop.memory);
    if (!cell.ok()) {
      ASSERT_EQ(cell.status().id(), ErrorId::kRuleFailed) << both.forge;
      continue;
    }
    // Adding zero makes -0.0 and 0.0 one.
    const Cell shown = cell->kind == Kind::kFloat ? Cell::of(cell->number + 0.0) : *cell;
    const bool names = expression->type() == RuleType::kEnum && !cell->is_null();
    const std::string found = names ? "'" + shop.status.find(cell->integer)->name + "'" : written(shown);
    const std::string expected = sqlite.value(both.sqlite, shop, expression->type());
    // SQLite evaluates a constant abs() first, also where nothing asks for it.
    if (expected == "integer overflow") continue;
    EXPECT_EQ(found, expected) << both.forge;
    ++compared;
  }
  std::printf("compared %d, refused %d, failed %d\n", compared, refused, kCases - compared - refused);
  EXPECT_GT(compared, kCases * 6 / 10);
}

}  // namespace
}  // namespace forge
