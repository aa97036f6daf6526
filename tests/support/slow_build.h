#pragma once

// Whether the tests run several times slower than in a release: with a sanitizer or without optimisation. Random rounds are fewer
// there and series of faults have steps; the release does all of them.

namespace forge::testing_support {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(NDEBUG)
inline constexpr bool kIsSlowBuild = true;
#else
inline constexpr bool kIsSlowBuild = false;
#endif

}  // namespace forge::testing_support
