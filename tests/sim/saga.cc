#include "saga.h"

namespace forge::saga {
namespace {

constexpr int kDepth = 2;

std::string in_quotes(const std::string& text) {
  return "'" + text + "'";
}

// Writes a workflow as TOML while it makes its tree.
class Author {
 public:
  Author(const std::vector<std::string>& others, Dice& dice) : others_(others), dice_(dice) {}

  Workflow write(const std::string& name) {
    Workflow made{.name = name};
    text_ = "workflow = " + in_quotes(name) + "\nttl_hops = 200\n";
    if (dice_.chance(10)) text_ += "deadline = '" + std::to_string(dice_.between(2, 90)) + "s'\n";
    if (dice_.chance(25)) text_ += "max_concurrency = " + std::to_string(dice_.between(1, 3)) + "\n";
    text_ += "[input]\nn = 'int'\n";
    made.steps = block("step", "s", dice_.between(5, 14), kDepth, false);
    made.toml = std::move(text_);
    return made;
  }

 private:
  Block block(const std::string& path, const std::string& prefix, std::int64_t count, int depth, bool item) {
    Block made;
    for (std::int64_t i = 0; i < count; ++i) made.push_back(step(path, prefix + std::to_string(i), made, depth, item));
    return made;
  }

  Step step(const std::string& path, const std::string& name, const Block& before, int depth, bool item) {
    Step made{.name = name, .kind = kind(depth)};
    made.takes_item = item && dice_.chance(60);
    line("[" + path + "." + name + "]");
    std::string after;
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (!dice_.chance(i + 1 == before.size() ? 60U : 25U)) continue;
      made.after.push_back(i);
      after += in_quotes(before[i].name) + ", ";
    }
    line("after = [" + after + "]");
    let_through(made);
    body(made, before, path + "." + name, depth, item);
    return made;
  }

  Kind kind(int depth) {
    using enum Kind;
    if (depth > 0 && dice_.chance(22)) {
      if (!others_.empty() && dice_.chance(25)) return kChild;
      return dice_.pick({kMap, kMap, kMap, kMapQuery, kSwitch, kGroup, kAround, kRecurse});
    }
    if (dice_.chance(60)) return dice_.pick({kRun, kRun, kRun, kAdd, kAdd, kDraw, kTransaction});
    if (dice_.chance(6)) return dice_.pick({kHalt, kFail, kApprove});
    return dice_.pick({kRead, kSignal, kWait, kWaitEvent, kSleep, kSleep, kTemplate, kCollect, kDebug, kDynamic});
  }

  void let_through(Step& step) {
    if (dice_.chance(6)) {
      step.skips = true;
      line(dice_.chance(50) ? "where = '1 = 2'"
                            : "guards = [{ when = '1 = 1', else = 'fail' }, { when = '1 = 2', else = 'skip' }]");
    } else if (dice_.chance(2)) {
      line("guards = [{ when = '1 = 2', else = 'halt', message = 'may it?' }]");
    } else if (dice_.chance(10)) {
      line("where = '1 = 1'");
    }
    if (dice_.chance(5)) line("async = false");
    if (dice_.chance(5)) line("concurrency_key = 'k'");
  }

  void body(Step& step, const Block& before, const std::string& path, int depth, bool item) {
    using enum Kind;
    switch (step.kind) {
      case kRun:
      case kDynamic:
        return function(step, before);
      case kAdd:
        return action(step, "Cell.add", "Cell.take");
      case kDraw:
        return draw(step);
      case kRead:
        return line("read = 'Cell'\nkey = 'c-" + std::to_string(dice_.below(5)) + "'\nnot_found = 'null'");
      case kTransaction:
        return transaction(step, path);
      case kMap:
      case kMapQuery:
        return map(step, path, depth);
      case kSwitch:
        return choose(step, path, depth, item);
      case kGroup:
        return group(step, path, depth, item);
      case kAround:
        return around(step, path, depth, item);
      case kRecurse:
        return recurse(step, path, depth);
      case kChild:
        step.target = dice_.pick(others_);
        step.number = dice_.between(0, 9);
        line("workflow = " + in_quotes(step.target) + "\nargs = { n = " + std::to_string(step.number) + " }");
        if (dice_.chance(15)) line("timeout = '30s'");
        return reverse(step, 10, Undo::kFunction);
      default:
        return simple(step, before);
    }
  }

  void simple(Step& step, const Block& before) {
    using enum Kind;
    switch (step.kind) {
      case kSignal:
        return line("signal = 'go'\nkey = '${run.id}'\nargs = { by = 'itself' }" +
                    std::string(dice_.chance(50) ? "\nkeep = '1h'" : ""));
      case kWait:
        return line("wait = 'go'\nkey = '${run.id}'" + std::string(dice_.chance(40) ? "\ntimeout = '1h'" : ""));
      case kWaitEvent:
        return line("wait = { event = 'Cell.added', key = 'c-" + std::to_string(dice_.below(5)) + "' }\ntimeout = '2h'");
      case kSleep:
        step.number = dice_.between(1, 20'000);
        return line("sleep = '" + std::to_string(step.number) + "ms'");
      case kApprove:
        return line("approve = 'is it well?'");
      case kCollect:
        return line("collect = { " + references(step, before) + " }");
      case kHalt:
        return line("halt = 'ask somebody'");
      case kDebug:
        return line("debug = 'here'");
      case kFail:
        return line("fail = 'as written'\ncode = 'written'");
      default:
        return line("template = 'at ${run.hops_left}'");
    }
  }

  // "a0 = '${s0}', a2 = '${s2}'", and the item.
  static std::string references(const Step& step, const Block& before) {
    std::string text;
    for (const std::size_t place : step.after) {
      text += (text.empty() ? "" : ", ") + ("a" + std::to_string(place)) + " = '${" + before[place].name + "}'";
    }
    if (step.takes_item) text += (text.empty() ? "item = '${item}'" : ", item = '${item}'");
    return text;
  }

  void function(Step& step, const Block& before) {
    const bool dynamic = step.kind == Kind::kDynamic;
    line(dynamic ? "run = 'further'\ndynamic = true\nargs = { n = '${input.n}' }"
                 : "run = " + in_quotes(dice_.chance(30) ? "act" : "work") + "\nargs = { " + references(step, before) + " }");
    if (dice_.chance(40)) {
      step.attempts = static_cast<std::uint32_t>(dice_.between(2, 4));
      line("retry = { max_attempts = " + std::to_string(step.attempts) + ", backoff = " +
           dice_.pick({"'fixed'", "'linear'", "'exponential'"}) + ", first = '200ms', cap = '5s', jitter = true }");
    }
    if (dice_.chance(40)) line("timeout = '3s'");
    if (dice_.chance(10)) step.has_deadline = true, line("deadline = '8s'");
    reverse(step, 60, dice_.pick({Undo::kFunction, Undo::kFunction, Undo::kFunction, Undo::kWorkflow}));
    if (!dice_.chance(30)) return;
    const std::string first = dice_.pick({"{ when = \"${error.code} = 'broken'\", do = { run = 'clean' }, continue = 1000 }",
                                          "{ when = \"${error.code} = 'timeout'\", retry = true }",
                                          "{ when = \"${error.attempt} > 0\", do = { run = 'clean' }, error = 'cleaned up' }"});
    step.clauses = 2;
    line("compensate = [" + first + ", { retry = true }, { continue = 1000 }]");
  }

  void action(Step& step, const std::string& does, const std::string& undoes) {
    step.number = dice_.between(1, 9);
    line("action = " + in_quotes(does) + "\nargs = { id = 'c-" + std::to_string(dice_.below(5)) +
         "', by = " + std::to_string(step.number) + ", memo = '${run.id}' }");
    if (!dice_.chance(75)) return;
    step.undo = Undo::kAction;
    line("undo = " + in_quotes(undoes));
  }

  void draw(Step& step) {
    line("action = 'Well.draw'\nargs = { id = 'w-" + std::to_string(dice_.below(2)) + "', memo = '${run.id}' }");
    step.undo = Undo::kAction;
    line("undo = 'Well.fill'");
    if (!dice_.chance(40)) return;
    step.attempts = 2;
    line("retry = { max_attempts = 2, backoff = 'fixed', first = '500ms' }");
  }

  void transaction(Step& step, const std::string& path) {
    step.number = dice_.between(1, 9);
    line("transaction = true");
    const std::string key = "c-" + std::to_string(dice_.below(5));
    if (dice_.chance(60)) step.undo = Undo::kFunction, line("undo = { run = 'undo' }");
    line("[" + path + ".step.look]\nread = 'Cell'\nkey = " + in_quotes(key));
    line("[" + path + ".step.add]\naction = 'Cell.add'\nargs = { id = '${look.id}', by = " + std::to_string(step.number) +
         ", memo = '${run.id}' }");
    if (!dice_.chance(50)) return;
    // The same again, if the second look sees it.
    step.adds_again = true;
    line("[" + path + ".step.again]\nread = 'Cell'\nkey = " + in_quotes(key));
    line("[" + path + ".step.more]\naction = 'Cell.add'\nargs = { id = '${look.id}', memo = '${run.id}', by = { expr = \"" +
         "${again.sum} - ${look.sum}\" } }");
  }

  void reverse(Step& step, unsigned percent, Undo how) {
    if (!dice_.chance(percent)) return;
    step.undo = how;
    line(how == Undo::kFunction ? "undo = { run = 'undo' }" : "undo = { workflow = 'mend', args = { n = 1 } }");
  }

  void map(Step& step, const std::string& path, int depth) {
    std::string list;
    if (step.kind == Kind::kMap) {
      for (std::int64_t i = dice_.between(0, 10); i > 0; --i) step.items.push_back(dice_.between(0, 9));
      for (const std::int64_t one : step.items) list += std::to_string(one) + ", ";
      line("over = [" + list + "]");
    } else {
      step.items.assign(3, 0);  // the rows are objects
      line("over = { query = 'Fixed.all' }");
    }
    line("window = " + std::to_string(dice_.between(1, 4)));
    if (dice_.chance(20)) line("chunks = true");
    if (dice_.chance(40)) {
      step.fails_alone = true;
      line("on_item_error = 'collect'");
      if (dice_.chance(40)) line("max_bad = 1");
    }
    step.blocks.push_back(block(path + ".step", "m", dice_.between(1, 3), depth - 1, true));
  }

  void choose(Step& step, const std::string& path, int depth, bool item) {
    step.number = dice_.between(0, 9);
    line("[" + path + ".switch.a]\nwhen = '${input.n} > " + std::to_string(step.number) + "'");
    step.blocks.push_back(block(path + ".switch.a.step", "a", dice_.between(1, 3), depth - 1, item));
    if (!dice_.chance(60)) return;
    step.blocks.push_back(block(path + ".default.step", "d", dice_.between(1, 3), depth - 1, item));
  }

  void group(Step& step, const std::string& path, int depth, bool item) {
    line("group = true");
    const bool before = dice_.chance(50);
    if (before) step.blocks.push_back(block(path + ".before_all", "b", 1, 0, item));
    step.blocks.push_back(block(path + ".step", "g", dice_.between(1, 3), depth - 1, item));
    step.number = before ? 1 : 0;  // the block whose result it has
    if (dice_.chance(50)) step.blocks.push_back(block(path + ".after_all", "e", 1, 0, item));
  }

  void around(Step& step, const std::string& path, int depth, bool item) {
    line("around = { begin = { run = 'work' }, commit = { run = 'work' }, abort = { run = 'undo' } }");
    step.number = 1;
    step.blocks.push_back({Step{.name = "begin", .kind = Kind::kRun}});
    step.blocks.push_back(block(path + ".step", "r", dice_.between(1, 2), depth - 1, item));
    step.blocks.push_back({Step{.name = "commit", .kind = Kind::kRun}});
  }

  // What an iteration comes to is a number, which the next is given.
  void recurse(Step& step, const std::string& path, int depth) {
    step.at_most = static_cast<std::uint32_t>(dice_.between(1, 4));
    step.number = dice_.between(0, 3);
    line("recurse = { until = '${item} > " + std::to_string(step.number) + "', at_most = " + std::to_string(step.at_most) +
         ", start = 0 }");
    Block inside = block(path + ".step", "i", dice_.between(0, 2), depth - 1, true);
    Step last{.name = "last", .kind = Kind::kRun, .takes_item = true};
    line("[" + path + ".step.last]\nrun = 'work'");
    std::string after;
    for (std::size_t i = 0; i < inside.size(); ++i) last.after.push_back(i), after += in_quotes(inside[i].name) + ", ";
    line("after = [" + after + "]\nargs = { " + references(last, inside) + " }");
    inside.push_back(std::move(last));
    step.blocks.push_back(std::move(inside));
  }

  void line(const std::string& text) { text_ += text + "\n"; }

  const std::vector<std::string>& others_;
  Dice& dice_;
  std::string text_;
};

struct Segment {
  std::string name;
  std::string frame;  // what goes on: "each[3]"
};

std::vector<Segment> segments_of(const std::string& path) {
  std::vector<Segment> segments;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    const std::string one = path.substr(begin, end - begin);
    segments.push_back({one.substr(0, one.find('[')), path.substr(0, end)});
    begin = end + 1;
  }
  return segments;
}

}  // namespace

Workflow tail_workflow() {
  Workflow made{.name = "tail"};
  made.toml =
      "workflow = 'tail'\nttl_hops = 200\n[input]\nn = 'int'\n"
      "[step.first]\naction = 'Cell.add'\nargs = { id = 'c-0', by = 3, memo = '${run.id}' }\nundo = 'Cell.take'\n"
      "[step.second]\nrun = 'work'\nargs = { a0 = '${first}' }\nundo = { run = 'undo' }\n";
  made.steps = {Step{.name = "first", .kind = Kind::kAdd, .undo = Undo::kAction, .number = 3},
                Step{.name = "second", .kind = Kind::kRun, .after = {0}, .undo = Undo::kFunction}};
  return made;
}

Workflow mend_workflow() {
  Workflow made{.name = "mend"};
  made.toml =
      "workflow = 'mend'\n[input]\nn = 'int'\n[step.mend]\naction = 'Cell.mend'\nargs = { id = 'c-0', memo = '${run.id}' }\n";
  made.steps = {Step{.name = "mend", .kind = Kind::kAdd}};
  return made;
}

Workflow random_workflow(const std::string& name, const std::vector<std::string>& others, Dice& dice) {
  return Author(others, dice).write(name);
}

std::optional<Place> place_of(const Workflow& workflow, const std::string& path) {
  std::vector<const Block*> blocks{&workflow.steps};
  std::optional<Place> found;
  for (const Segment& segment : segments_of(path)) {
    found.reset();
    for (const Block* block : blocks) {
      for (std::size_t i = 0; i < block->size(); ++i) {
        if ((*block)[i].name == segment.name) found = Place{block, i};
      }
    }
    if (!found) return found;
    blocks.clear();
    for (const Block& inside : (*found->block)[found->index].blocks) blocks.push_back(&inside);
  }
  return found;
}

const Step* step_at(const Workflow& workflow, const std::string& path) {
  const std::optional<Place> place = place_of(workflow, path);
  return place ? &(*place->block)[place->index] : nullptr;
}

std::string frame_of(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}

std::string owner_of(const std::string& frame) {
  const std::size_t bracket = frame.rfind('[');
  return bracket != std::string::npos && frame.ends_with(']') ? frame.substr(0, bracket) : frame;
}

}  // namespace forge::saga
