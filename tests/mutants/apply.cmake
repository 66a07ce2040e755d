# Copies ROOT/FILE to FOLDER/FILE and applies PATCH there, without fuzz: a patch whose surroundings
# changed must be read again by a person.
file(REMOVE_RECURSE ${FOLDER}/model ${FOLDER}/sim)
get_filename_component(parent ${FOLDER}/${FILE} DIRECTORY)
file(COPY ${ROOT}/${FILE} DESTINATION ${parent})
execute_process(COMMAND patch -p1 --fuzz=0 --batch --forward --no-backup-if-mismatch -r -
                        -d ${FOLDER} -i ${PATCH}
                RESULT_VARIABLE failed OUTPUT_VARIABLE words ERROR_VARIABLE words)
if(failed)
    file(REMOVE ${FOLDER}/${FILE})
    message(FATAL_ERROR "${PATCH} no longer applies to ${FILE}:\n${words}")
endif()
# The original's date would leave the copy older than its inputs.
file(TOUCH ${FOLDER}/${FILE})
