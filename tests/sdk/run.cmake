# Runs each SDK test against a simulator of its own. Packages go into the build folder, once; HOME
# is there too, because Huawei's client writes into it.
find_program(NODE node)
find_program(NPM npm)
if(NOT NODE OR NOT NPM)
  message(FATAL_ERROR "node and npm are needed to test against the vendors' SDKs")
endif()

file(SHA256 ${DIR}/package-lock.json wanted)
set(installed "")
if(EXISTS ${DIR}/node_modules/.offboard)
  file(READ ${DIR}/node_modules/.offboard installed)
endif()
if(NOT installed STREQUAL wanted)
  execute_process(COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund
    WORKING_DIRECTORY ${DIR} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "npm ci failed: ${result}")
  endif()
  file(WRITE ${DIR}/node_modules/.offboard ${wanted})
endif()

file(MAKE_DIRECTORY ${DIR}/home)
set(ENV{HOME} ${DIR}/home)
set(ENV{NODE_PATH} ${DIR}/node_modules)
foreach(name meeting eds dataarts)
  execute_process(
    COMMAND ${OFFBOARD} sim --people 120 --seed 5 --faults poison=2
            -- ${NODE} ${SOURCE}/${name}_test.js
    WORKING_DIRECTORY ${DIR} OUTPUT_VARIABLE out ERROR_VARIABLE out RESULT_VARIABLE result)
  if(NOT result EQUAL 0 OR NOT out MATCHES "[0-9]+ passed\n$")
    message(FATAL_ERROR "${name}: exit ${result}\n${out}")
  endif()
  string(REGEX MATCH "[0-9]+ passed" passed "${out}")
  message(STATUS "${name}: ${passed}")
endforeach()
