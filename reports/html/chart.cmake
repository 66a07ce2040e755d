# leasehold_fetch_chart(<variable>): the folder of uPlot's package, or nothing and a warning. npm puts
# it into the build tree, once for each state of the lock file, and runs no script of any package.
function(leasehold_fetch_chart variable)
    set(recipe ${CMAKE_CURRENT_SOURCE_DIR}/npm)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${recipe}/package-lock.json)
    file(SHA256 ${recipe}/package-lock.json digest)
    string(SUBSTRING ${digest} 0 16 digest)
    set(folder ${CMAKE_CURRENT_BINARY_DIR}/npm-${digest})
    set(package ${folder}/node_modules/uplot)
    if(NOT EXISTS ${folder}/done)
        find_program(LEASEHOLD_NPM npm)
        mark_as_advanced(LEASEHOLD_NPM)
        set(why "there is no npm on PATH (Debian: npm)")
        if(LEASEHOLD_NPM)
            file(COPY ${recipe}/package.json ${recipe}/package-lock.json DESTINATION ${folder})
            execute_process(
                COMMAND ${LEASEHOLD_NPM} ci --ignore-scripts --no-audit --no-fund --loglevel=error
                WORKING_DIRECTORY ${folder} TIMEOUT 120
                RESULT_VARIABLE failed OUTPUT_VARIABLE words ERROR_VARIABLE words)
            if(NOT failed)
                file(TOUCH ${folder}/done)
            endif()
            string(SUBSTRING "npm: ${words}" 0 400 why)
        endif()
    endif()
    if(EXISTS ${folder}/done)
        set(${variable} ${package} PARENT_SCOPE)
        return()
    endif()
    message(WARNING "This build has no pages: uPlot could not be fetched, and --html will say so.\n"
                    "  ${why}\n"
                    "  Configure again where npm reaches its registry, or with -DLEASEHOLD_PAGES=OFF.")
    set(${variable} "" PARENT_SCOPE)
endfunction()
