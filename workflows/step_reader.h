#pragma once

// Reads steps: what every step has, and what each kind adds.

#include "table_reader.h"

namespace forge::internal {

// The steps that `owner` declares as `[step.NAME]`, and its `return`. A block without steps is an error.
std::unique_ptr<fb::BlockT> read_block(const Findings& findings, TableReader& owner);

// The steps of a table of steps; null without the table.
std::unique_ptr<fb::BlockT> read_steps(const Findings& findings, TableReader& owner, std::string_view name);

// What `owner` does when it failed, or to be undone: a step of which only the body is carried out. Null without the attribute.
std::unique_ptr<fb::StepT> read_mending(const Findings& findings, TableReader& owner, std::string_view name);

// A step that `owner` declares in the attribute `name`: what begins or commits it. Null without the attribute.
std::unique_ptr<fb::StepT> read_part(const Findings& findings, TableReader& owner, std::string_view name);

// Reads the kind of `step` from the attributes that belong to it.
void read_body(const Findings& findings, TableReader& table, fb::StepT& step);

}  // namespace forge::internal
