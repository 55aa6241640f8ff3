# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Run by the build: makes of the hardware C++ files in FOLDER, and one file that includes what
# runs in each cycle, FAST, and one with the rest, SLOW. Needs VERILATOR, NAME, FOLDER,
# DEFINES, INCLUDE, SOURCES, FAST and SLOW.
string(REPLACE "|" ";" SOURCES "${SOURCES}")
file(REMOVE_RECURSE ${FOLDER})
execute_process(
  COMMAND ${VERILATOR} --cc -O3 --trace-fst --x-assign fast --x-initial fast -Wno-fatal -Wno-lint
          --prefix V${NAME} --top-module bpa ${DEFINES} -I${INCLUDE} -Mdir ${FOLDER} ${SOURCES}
  COMMAND_ERROR_IS_FATAL ANY)
file(GLOB files ${FOLDER}/*.cpp)
set(fast "")
set(slow "")
foreach(file ${files})
  set(line "#include \"${file}\"\n")
  if(file MATCHES "__Slow|__Trace")
    string(APPEND slow ${line})
  else()
    string(APPEND fast ${line})
  endif()
endforeach()
file(WRITE ${FAST} "${fast}")
file(WRITE ${SLOW} "${slow}")
