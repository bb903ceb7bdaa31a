# One way to declare each kind of target, so that the folders' files only list sources and arrows.

# updog_fuzzed(NAME): libFuzzer finds its way through the code of this target.
function(updog_fuzzed name)
  if(UPDOG_FUZZERS)
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

# updog_library(NAME SOURCES … [USES …] [PRIVATE …])
#   USES: libraries of ours that the headers show; PRIVATE: what only the sources include.
function(updog_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PUBLIC ${ARG_USES} PRIVATE ${ARG_PRIVATE})
  updog_fuzzed(${name})
endfunction()

# updog_program(NAME SOURCES … USES … [COMPONENT …]): an installed program; `programs` builds all of
# them. The component is the package that it goes into: host, unless publisher is said.
add_custom_target(programs)
function(updog_program name)
  cmake_parse_arguments(ARG "" "COMPONENT" "SOURCES;USES" ${ARGN})
  if(NOT ARG_COMPONENT)
    set(ARG_COMPONENT host)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_USES})
  # CLI11 is most of what such a source compiles, and optimising it most of the time; the work is
  # done in the libraries.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Debug>:-O0>)
  add_dependencies(programs ${name})
  install(TARGETS ${name} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT ${ARG_COMPONENT})
endfunction()

# updog_test(NAME SOURCES … USES …): a GoogleTest program, each of its cases a CTest case.
#   THREADED: it runs threads of ours, so it is built and run under ThreadSanitizer too.
#   PROGRAMS: it runs programs of ours, so it is built without UPDOG_UNIT_TESTS too.
# Tests that start programs of ours find them beside their own build: tests/support/paths.h.
add_custom_target(threaded_tests)
function(updog_test name)
  cmake_parse_arguments(ARG "PROGRAMS;THREADED" "TIMEOUT" "SOURCES;USES" ${ARGN})
  if(NOT ARG_PROGRAMS AND NOT UPDOG_UNIT_TESTS)
    return()
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  # A test that failed says its line. Optimising it, which Fortify needs, and full debug information
  # are most of the time that a test takes to compile; what it tests is built as everywhere.
  target_compile_options(${name} PRIVATE -O0 -g1 -U_FORTIFY_SOURCE)
  target_link_libraries(${name} PRIVATE ${ARG_USES} test_paths GTest::gmock GTest::gtest_main)
  set(labels "")
  if(ARG_THREADED)
    set(labels LABELS threaded)
    add_dependencies(threaded_tests ${name})
  endif()
  # Without pretty values: GoogleTest prints the bytes of a parameter that it cannot print, addresses
  # included, and the case would have another name in each run.
  gtest_discover_tests(${name} NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} ${labels})
endfunction()
