# Installs BUILD below FOLDER, builds CONSUMER and EXAMPLES against it and runs them, all from nothing.
function(must_run)
    execute_process(COMMAND ${ARGV} RESULT_VARIABLE failed OUTPUT_VARIABLE words
                    ERROR_VARIABLE words)
    if(failed)
        list(JOIN ARGV " " command)
        message(FATAL_ERROR "${command}\nended with ${failed}:\n${words}")
    endif()
    set(words "${words}" PARENT_SCOPE)
endfunction()

# configure(SOURCE NAME ...): a project that sees the prefix and nothing else of this tree.
function(configure source name)
    must_run(${CMAKE_COMMAND} -S ${source} -B ${FOLDER}/${name} -G ${GENERATOR}
             -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_BUILD_TYPE=Release
             -D CMAKE_PREFIX_PATH=${FOLDER}/prefix ${ARGN})
    # Found here and not somewhere else on this machine.
    file(STRINGS ${FOLDER}/${name}/CMakeCache.txt found REGEX "^leasehold_DIR:")
    string(FIND "${found}" "${FOLDER}/prefix/" position)
    if(position EQUAL -1)
        message(FATAL_ERROR "another leasehold was found: ${found}")
    endif()
endfunction()

file(REMOVE_RECURSE ${FOLDER}/prefix ${FOLDER}/consumer ${FOLDER}/examples)
must_run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${FOLDER}/prefix)
configure(${CONSUMER} consumer)
must_run(${CMAKE_COMMAND} --build ${FOLDER}/consumer)
must_run(${FOLDER}/consumer/consumer)
message("${words}")
if(NOT words MATCHES "the replica asks for the Lease")
    message(FATAL_ERROR "the consumer printed something else")
endif()
if(PROGRAM)
    must_run(${FOLDER}/prefix/bin/${PROGRAM} --version)
    message("${words}")
endif()
if(NOT EXAMPLES)
    return()
endif()

# The model alone is found where the simulator's packages are not.
must_run(${CMAKE_COMMAND} -S ${CONSUMER} -B ${FOLDER}/consumer --fresh -G ${GENERATOR}
         -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_PREFIX_PATH=${FOLDER}/prefix
         -D CMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON -D CMAKE_DISABLE_FIND_PACKAGE_yaml-cpp=ON)
# And whoever asks for the rest is told what is missing.
execute_process(COMMAND ${CMAKE_COMMAND} -S ${EXAMPLES} -B ${FOLDER}/examples -G ${GENERATOR}
                        -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_PREFIX_PATH=${FOLDER}/prefix
                        -D CMAKE_DISABLE_FIND_PACKAGE_yaml-cpp=ON
                RESULT_VARIABLE failed OUTPUT_VARIABLE words ERROR_VARIABLE words)
if(NOT failed OR NOT words MATCHES "yaml-cpp \\(libyaml-cpp-dev\\)")
    message(FATAL_ERROR "without yaml-cpp ended with ${failed}:\n${words}")
endif()
file(REMOVE_RECURSE ${FOLDER}/examples)

configure(${EXAMPLES} examples -D CMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER})
must_run(${CMAKE_COMMAND} --build ${FOLDER}/examples)
must_run(${CMAKE_COMMAND} -E env LEASEHOLD_TEST_FOLDER=${FOLDER}/examples/failures
         ${CTEST} --test-dir ${FOLDER}/examples --no-tests=error --output-on-failure)
message("${words}")
# The failures that two of them expect are written down: the run, its least scenario, and that one's.
file(GLOB least ${FOLDER}/examples/failures/*-least.yaml)
list(LENGTH least count)
if(count LESS 3)
    message(FATAL_ERROR "expected three least scenarios, found: ${least}")
endif()
# No public header brings SimGrid, YAML, JSON or Boost with it.
must_run(${COMPILER} -std=c++20 -M -I ${FOLDER}/prefix/include/leasehold
         ${FOLDER}/prefix/include/leasehold/sim/testing/world_test.hpp
         ${FOLDER}/prefix/include/leasehold/sim/peers/libraries.hpp
         ${FOLDER}/prefix/include/leasehold/sim/peers/client_go.hpp
         ${FOLDER}/prefix/include/leasehold/sim/scenario/reader.hpp
         ${FOLDER}/prefix/include/leasehold/sim/world/run.hpp
         ${FOLDER}/prefix/include/leasehold/reports/terminal.hpp
         ${FOLDER}/prefix/include/leasehold/reports/atomic_file.hpp)
if(words MATCHES "(simgrid|xbt|yaml-cpp|nlohmann|boost|spdlog|CLI11?)/[a-z_]+")
    message(FATAL_ERROR "a public header includes ${CMAKE_MATCH_0}")
endif()
