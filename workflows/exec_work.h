#pragma once

// An attempt of a step that is a program.

#include "forge/workflows/program.h"
#include "forge/workflows/step.h"
#include "step_work.h"

namespace forge::internal {

// Runs the program to its end, or until the context's stop token asks for one; blocks the calling thread. A program that did not
// end by itself has failed with the code "stopped".
StepOutcome run_program(const std::string& name, const Program& program, const Work& work, const StepContext& context);

}  // namespace forge::internal
