# Installs BUILD below FOLDER, builds CONSUMER against it and runs it, all from nothing.
function(must_run)
    execute_process(COMMAND ${ARGV} RESULT_VARIABLE failed OUTPUT_VARIABLE words
                    ERROR_VARIABLE words)
    if(failed)
        list(JOIN ARGV " " command)
        message(FATAL_ERROR "${command}\nended with ${failed}:\n${words}")
    endif()
    set(words "${words}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${FOLDER}/prefix ${FOLDER}/consumer)
must_run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${FOLDER}/prefix)
must_run(${CMAKE_COMMAND} -S ${CONSUMER} -B ${FOLDER}/consumer -G ${GENERATOR}
         -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_BUILD_TYPE=Release
         -D CMAKE_PREFIX_PATH=${FOLDER}/prefix)
# Found here and not somewhere else on this machine.
file(STRINGS ${FOLDER}/consumer/CMakeCache.txt found REGEX "^leasehold_DIR:")
string(FIND "${found}" "${FOLDER}/prefix/" position)
if(position EQUAL -1)
    message(FATAL_ERROR "another leasehold was found: ${found}")
endif()
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
