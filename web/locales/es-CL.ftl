# Textos de las páginas. Palabras llanas, cálidas y exactas; horas de 24 h; nunca de "tú".

product = Asistencia
skip-to-content = Ir al contenido
nav-label = Lugares
nav-today = Hoy
nav-wall = Pantalla
nav-schools = Colegios
today = Hoy
back-to-today = Volver a Hoy

# Fechas y edades
date-full = { $date } de { $year }
date-long = { $weekday } { $day } de { $month }
weekday-mon = lunes
weekday-tue = martes
weekday-wed = miércoles
weekday-thu = jueves
weekday-fri = viernes
weekday-sat = sábado
weekday-sun = domingo
month-1 = enero
month-2 = febrero
month-3 = marzo
month-4 = abril
month-5 = mayo
month-6 = junio
month-7 = julio
month-8 = agosto
month-9 = septiembre
month-10 = octubre
month-11 = noviembre
month-12 = diciembre
ago-tenths = hace { $seconds } s
ago-seconds = hace { $n } s
ago-minutes = hace { $n } min
ago-just-now = recién
ago-hours = hace { $n } h
ago-days = { $n ->
    [one] hace { $n } día
   *[other] hace { $n } días
}

# Estados
status-missing = sin ingreso
status-absent = ausente
status-unknown = sin información
status-late = atrasado
status-pending = por llegar
status-inside = adentro
status-justified = justificado
status-early-leave = retirado
status-left = salió
status-not-expected = no se espera hoy
count-missing = { $n ->
   *[other] sin ingreso
}
count-absent = { $n ->
    [one] ausente
   *[other] ausentes
}
count-unknown = { $n ->
   *[other] sin información
}
count-late = { $n ->
    [one] atrasado
   *[other] atrasados
}
count-pending = { $n ->
   *[other] por llegar
}
count-on-time = { $n ->
   *[other] a la hora
}
count-inside = { $n ->
   *[other] adentro
}
count-unexpected = { $n ->
    [one] adentro sin que se esperara
   *[other] adentro sin que se esperaran
}
count-justified = { $n ->
    [one] justificado
   *[other] justificados
}
count-early-leave = { $n ->
    [one] retirado
   *[other] retirados
}
count-left = { $n ->
    [one] salió
   *[other] salieron
}
count-not-expected = { $n ->
    [one] no se espera hoy
   *[other] no se esperan hoy
}

# La respuesta
answer-label = Resumen del día
answer-of = de { $expected } adentro
answer-before-time = Aún no comienza la jornada. El primer ingreso es a las { $time }.
answer-before = Aún no comienza la jornada.
answer-spoken = { $inside } de { $expected } adentro, { $late ->
    [one] { $late } atrasado
   *[other] { $late } atrasados
}, { $missing } sin ingreso.
bar-title = Cómo va el ingreso de hoy
empty-title = Todavía no hay alumnos
empty-what-to-do = Para comenzar, cargue la nómina del colegio (una planilla guardada como CSV):
empty-file = nomina.csv
nobody-title = Hoy no se espera a nadie
nobody-no-slot = El horario semanal no tiene clases para el { $date }. Nadie figura sin ingreso.
nobody-no-schedule = Ningún curso tiene un horario vigente para el { $date }. Nadie figura sin ingreso.
nobody-closed = Todos los cursos están cerrados al { $date }. Nadie figura sin ingreso.
nobody-set = El { $date } no se espera a nadie. Nadie figura sin ingreso.
nobody-mixed = Ningún curso tiene clases el { $date }. Nadie figura sin ingreso.

# Avisos
stale-title = Estas cifras no están al día.
stale-detail = Muestran lo registrado hasta las { $time }.
stale-nothing-yet = Todavía no muestran nada de lo registrado.
stale-kept = Las lecturas siguen guardándose en los accesos.
restored-title = Se restauró un respaldo del registro.
restored-detail = Estas cifras son de antes de la restauración y se están calculando de nuevo.
restored-means = No las use para decidir hasta que desaparezca este aviso. Los accesos vuelven a enviar lo que falte.
silent-title = Sin noticias de { $gate }.
silent-detail = No se comunica desde las { $time }.
silent-several = { $n ->
    [one] Sin noticias de { $n } acceso.
   *[other] Sin noticias de { $n } accesos.
}
silent-one-of = { $gate } (desde las { $time })
silent-means = Puede haber alumnos que ya ingresaron por ahí y que aquí figuran sin ingreso.
offline-title = Se perdió la conexión con el servidor.
offline-detail = Lo que se ve puede estar desactualizado. Se está reintentando; no hace falta hacer nada.

# Qué tan al día está
fresh-live = Actualizado { $ago }
fresh-now = Al día
fresh-stale = Sin actualizar desde { $ago }
fresh-restored = De antes de una restauración
fresh-as-of = a las
fresh-tap = de la tarjeta a la pantalla, { $time }

# Cursos
courses = Cursos
courses-whole = { $n ->
    [one] { $n } completo
   *[other] { $n } completos
}
courses-none = Aquí aparecerán los cursos cuando se cargue la nómina.
course-of = de { $expected }
course-whole = completo
course-empty = Este curso no tiene alumnos.
course-as-of = Según lo registrado a las { $time }.
why = Por qué
course-shared = Lo que vale para el curso
fact-left = salió a las { $time }
fact-late = ingresó a las { $time }, { $minutes ->
    [one] con { $minutes } minuto de atraso
   *[other] con { $minutes } minutos de atraso
}
fact-entered = ingresó a las { $time }
fact-no-entry = no hay registro de ingreso
why-schedule = Vale el horario semanal vigente desde el { $since }.
why-course-own-times = Su curso tiene un horario distinto este día ({ $reason }).
why-course-half-day = Su curso tiene media jornada este día, hasta las { $time } ({ $reason }).
why-course-nobody = Su curso no se espera en el acceso este día ({ $reason }).
why-no-classes = El colegio suspendió las clases este día ({ $reason }): no se espera.
why-recovery = Es un día de recuperación de clases con horario propio.
why-recovery-as = Es un día de recuperación de clases con el horario del { $weekday }.
why-half-day = Es media jornada, hasta las { $time } ({ $reason }).
why-outing = Todo el colegio está fuera este día: no se espera en el acceso.
why-holiday = Es feriado: no se espera.
why-no-slot = El horario de su curso no tiene clases este día: no se espera.
why-no-schedule = Su curso aún no tiene un horario vigente: no se espera.
why-course-closed = Su curso está cerrado: no se espera.
why-not-enrolled = Su matrícula comienza después de este día: no se espera.
why-withdrawn = Su matrícula terminó: no se espera.
why-slot = Se espera de { $entry } a { $exit }. Desde las { $late } es atraso; sin registro a las { $missing }, figura sin ingreso.
why-entered = Primer ingreso registrado a las { $time }.
why-entered-doubtful = Hay un ingreso cerca de las { $time }, pero el reloj del acceso no era confiable: no se juzga el atraso.
why-entered-before-doubtful = Hay un ingreso anterior cerca de las { $time }, pero el reloj del acceso no era confiable: no se sabe cuándo llegó primero y no se juzga el atraso.
by-hand = a mano
by-hand-forgot-card = se le quedó la tarjeta
by-hand-lost-card = perdió la tarjeta
by-hand-card-not-read = la tarjeta no se pudo leer
by-hand-gate-failed = el lector no funcionaba
by-hand-other-door = entró por otra puerta
by-hand-other = otro motivo
by-hand-early-leave = retiro anticipado
by-hand-correction = corrección aprobada
leave-unwell = se siente mal
leave-appointment = hora médica u otra cita
leave-family = asunto familiar
leave-other = otro motivo
by-hand-entry = Ingreso de las { $time }, a mano.
by-hand-exit = Salida de las { $time }, a mano.
by-hand-recorded = Lo anotó { $who } a las { $time }: { $reason }.
by-hand-somebody = alguien del colegio
by-hand-record = Anotar ingreso
by-hand-record-exit = Anotar salida
by-hand-options = Motivo y hora de lo que se anota a mano
by-hand-reason = Motivo
by-hand-time = Hora
by-hand-time-hint = Si queda vacía, es ahora.
by-hand-note = Nota (opcional)
by-hand-note-hint = La ve solo el personal del colegio. Mejor sin datos de salud.
by-hand-done = Quedó anotado a mano el ingreso de las { $time }:
by-hand-done-exit = Quedó anotada a mano la salida de las { $time }:
by-hand-undo = Deshacer
by-hand-undone = Se deshizo: esa anotación ya no cuenta. En el registro quedan los dos pasos.
by-hand-bad-time = No se anotó nada: la hora no se entiende. Escríbala como 08:05, o déjela vacía para anotar ahora.
by-hand-bad-note = No se anotó nada: la nota tiene más de 200 letras o signos que no se pueden guardar.
by-hand-not-enrolled = No se anotó nada: ese día no está en la matrícula.
by-hand-in-the-future = No se anotó nada: esa hora todavía no llega.
by-hand-another-day = No se anotó nada: esa hora es de otro día.
by-hand-before-day = No se anotó nada: a esa hora el colegio no abre todavía (antes de las 05:00). Si fue en la tarde, escriba por ejemplo 15:15.
by-hand-unknown = No se deshizo nada: esa anotación no existe.
by-hand-not-its-author = No se deshizo nada: la anotó otra persona. Puede deshacerla quien la anotó, o la dirección.
by-hand-too-late = No se deshizo nada: pasaron más de 15 minutos. Ahora puede deshacerla la dirección.
by-hand-withdrawn = No se anotó nada: esa misma anotación ya se deshizo. Anótela otra vez desde esta página.
problem-entry-withdrawn = Esa anotación se hizo y se deshizo. Haga otra.
problem-entry-of-another = Esa anotación la hizo otra persona. Puede deshacerla quien la anotó, o la dirección.
problem-entry-too-old = Pasaron más de 15 minutos desde esa anotación. Puede deshacerla la dirección.
problem-adult-barred = Esa persona tiene una restricción judicial y no puede retirar al alumno. El intento quedó registrado.
problem-leave-open = Ya hay un retiro autorizado para ese alumno.
problem-already-justified = Ese día ya está justificado.
problem-too-many-waiting = Ya hay demasiados justificativos de ese día por revisar.
problem-decided-otherwise = Ya se decidió otra cosa. Revise cómo quedó.
problem-may-not-collect = Esa persona no está autorizada para retirar al alumno.
problem-not-linked = Esa persona no está registrada como familiar del alumno.
problem-identity-mismatch = El documento no corresponde a esa persona, o no se indicó que se revisó.
problem-unknown-passage = Ese registro no está, o ya no cuenta.
problem-not-enrolled = Ese día no está en la matrícula del colegio.
problem-time-in-future = Esa hora todavía no llega.
problem-time-of-another-day = Esa hora no es del día indicado.
problem-time-before-day = Esa hora es anterior a las 05:00: el colegio no abre todavía.
why-by-hand = No fue con la tarjeta: lo anotó una persona a mano ({ $reason }).
why-no-entry = No hay registro de ingreso.
why-in-time = Llegó a la hora.
why-late = { $minutes ->
    [one] Llegó con { $minutes } minuto de atraso.
   *[other] Llegó con { $minutes } minutos de atraso.
}
why-not-due = Aún no se cumple el plazo: no se concluye nada.
why-limit-passed = El plazo ya se cumplió.
why-gates-awaited = Aún falta que todos los accesos confirmen que no tienen lecturas pendientes: antes no se concluye nada.
why-day-closed = La jornada se cerró a las { $time } con todas las lecturas recibidas: se cuenta como ausente. Una lectura o una anotación que llegue después lo corrige.
why-gate-silent = Un acceso no se ha comunicado: puede haber lecturas que aún no llegan, así que no se concluye nada.
why-justified = La ausencia o el atraso está justificado: { $reason }.
why-left-early = Fue un retiro anticipado, autorizado a las { $time }: { $reason }.
why-went-out = Salió a las { $time }.
why-exit-without-entry = Hay una salida a las { $time } sin un ingreso antes: un ingreso no se leyó.
why-scanned-anyway = No se esperaba, pero hoy hay un registro suyo.

# Días distintos
reason-weather = temporal o emergencia climática
reason-services = sin agua, luz o calefacción
reason-emergency = emergencia
reason-health = motivo sanitario
reason-strike = paro o toma
reason-bridge-day = interferiado
reason-polling-place = local de votación
reason-staff-meeting = jornada de profesores
reason-ceremony = acto o aniversario
reason-assessment = prueba nacional u otra evaluación
reason-outing = salida pedagógica
reason-vacation = vacaciones
reason-other = otro motivo
day-holiday = Feriado: { $name }
day-no-classes = Sin clases: { $reason }
day-no-classes-by = Sin clases: { $reason } (resolución { $number })
day-recovery-as = Recuperación de clases con el horario del { $weekday }
day-recovery-at = Recuperación de clases, { $stays }
day-half = Media jornada, hasta las { $time }: { $reason }
day-outing = Salida de todo el colegio

# Lecturas
stream = Últimas lecturas
stream-none = Todavía no hay lecturas hoy. Aparecerán aquí en cuanto alguien pase su tarjeta.
direction-entry = ingreso
direction-exit = salida
scan-late = { $minutes } min de atraso
erased = eliminado
name-unknown = nombre aún no disponible
flag-echo = repetida
flag-repeated-entry = segundo ingreso sin salida
flag-exit-without-entry = salida sin ingreso
flag-low-confidence-time = hora dudosa
flag-clock-ahead = reloj adelantado
flag-late-sync = llegó tarde al servidor
flag-revoked-credential = tarjeta anulada
flag-withdrawn-pupil = alumno retirado
flag-lane-mismatch = sentido contrario al del acceso

# Accesos
gates = Accesos
gates-none = Todavía no hay ningún lector en los accesos. Para agregar uno:
lane-entry = ingreso
lane-exit = salida
lane-choice = ambos sentidos
gate-seen = visto { $ago }
gate-silent = sin noticias desde las { $time }
gate-never = nunca se ha comunicado
gate-revoked = lector anulado
queue-empty = nada en espera
queue-drained = todo recibido { $ago }
queue-waiting = { $n } en espera
queue-waiting-since = { $n } en espera; todo lo anterior recibido { $ago }
quarantined = { $n ->
    [0] Ninguna lectura por revisar
    [one] { $n } lectura por revisar
   *[other] { $n } lecturas por revisar
}

# Lectores
nav-kiosks = Lectores
gates-more = Cómo está cada lector
kiosks-answer-label = Cuántos lectores se comunican
kiosks-answer-of = de { $n } se comunican
kiosks-revoked-title = Anulados
kiosk-state-calling = se comunica
kiosk-state-silent = sin noticias
kiosk-state-revoked = anulado
kiosk-last-seen = Última señal
kiosk-queue = En espera
kiosk-last-scan = Última lectura
kiosk-no-scan = todavía ninguna
kiosk-clock = Reloj
kiosk-clock-right = a la hora
kiosk-clock-ahead = adelantado { $by }
kiosk-clock-behind = atrasado { $by }
kiosk-version = Programa
kiosk-untold = no lo ha dicho
kiosk-odd = Para revisar
kiosk-gaps = { $n ->
    [one] { $n } tramo de lecturas que no llegó cuando correspondía
   *[other] { $n } tramos de lecturas que no llegaron cuando correspondía
}
kiosk-forks = { $n ->
    [one] { $n } número usado dos veces: puede ser un aparato copiado o restaurado
   *[other] { $n } números usados dos veces: puede ser un aparato copiado o restaurado
}
kiosk-manage = Cambiar sentido o anular
kiosk-back = Todos los lectores
kiosk-health-title = Cómo está
kiosk-lane-now = Sentido: { $lane }
kiosk-lane-title = Cambiar sentido
lane-entry-what = Quien marca aquí ingresa.
lane-exit-what = Quien marca aquí sale.
lane-choice-what = En el lector se elige ingreso o salida.
kiosk-lane-what = Vale para lo que se lea desde ahora: una lectura en sentido contrario queda marcada. El lector todavía no se entera desde aquí; cambie también su ajuste.
kiosk-lane-to = Cambiar a { $lane }
kiosk-turned = El sentido quedó cambiado.
kiosk-turned-meanwhile = Otra persona cambió el sentido mientras tanto: ahora es { $lane }. No se hizo el cambio que usted pidió.
kiosk-is-revoked = Este lector está anulado: su sentido ya no se cambia y no vuelve a usarse.
kiosk-kept-changing = El lector cambiaba a cada intento. No se hizo el cambio; intente de nuevo.
kiosk-no-lane = Elija un sentido.
kiosk-revoke-title = Anular
kiosk-revoke-for = Para un lector perdido, robado o que ya no se usa.
kiosk-revoke-begin = Anular…
kiosk-revoke-ask = ¿Anular { $gate }?
kiosk-revoke-not = No, volver
kiosk-revoke-trust = En dos segundos a más tardar deja de ser de confianza: no recibe más la lista de tarjetas y no cuenta para saber si faltan lecturas.
kiosk-revoke-scans = Lo que aún envíe no se pierde: queda guardado y por revisar.
kiosk-revoke-waiting = { $n ->
    [one] La última vez tenía { $n } lectura en espera.
   *[other] La última vez tenía { $n } lecturas en espera.
}
kiosk-revoke-for-good = No se puede deshacer. Para volver a usar el aparato hay que inscribirlo de nuevo.
kiosk-revoke-last = Ningún otro lector se comunica ahora: sin este no habrá lecturas.
kiosk-revoke-send = Anular { $gate }
kiosk-revoked-done = El lector quedó anulado.

# Calendario
nav-calendar = Calendario
calendar-today = Hoy, { $date }
calendar-today-usual = Hay clases, según el horario.
calendar-today-nobody = No hay clases según el horario.
calendar-today-expected = { $pupils ->
    [one] Se espera a { $pupils } alumno
   *[other] Se espera a { $pupils } alumnos
} de { $courses ->
    [one] { $courses } curso.
   *[other] { $courses } cursos.
}
calendar-none-today = Hoy no hay clases
calendar-set-title = Fijar un día distinto
calendar-days-title = Días distintos de { $month }
calendar-days-none = Ninguno: todos los días son como dice el horario.
calendar-months = Otros meses
calendar-month = { $month } de { $year }
calendar-covered = { $day } (el colegio fijó otra cosa)
calendar-by = Lo fijó { $name } el { $date } a las { $time }
calendar-at = Fijado el { $date } a las { $time }
calendar-clear = Quitar
calendar-back = Volver al calendario
calendar-date = Fecha
calendar-date-wrong = Escriba una fecha, por ejemplo 23-06-2026.
calendar-name = Nombre del feriado
calendar-name-wrong = Escriba el nombre del feriado, de hasta 80 letras.
calendar-exit = Hora de salida
calendar-exit-hint = Quien debía entrar después de esa hora no se espera.
calendar-exit-wrong = Escriba la hora de salida, desde las 06:00.
calendar-as = Con el horario del
calendar-as-none = ninguno: con las horas de abajo
calendar-from = Desde las
calendar-to = Hasta las
calendar-times-missing = Elija el día cuyo horario se sigue, o escriba desde y hasta qué hora.
calendar-times-wrong = Escriba las dos horas; la de término va después de la de inicio.
calendar-reason = Motivo
calendar-reason-choose = Elija un motivo
calendar-reason-missing = Elija un motivo.
calendar-resolution = Número de la resolución (REX)
calendar-resolution-hint = Si todavía no existe, déjelo vacío y fije el día otra vez cuando la tenga.
calendar-resolution-wrong = Escriba solo el número de la resolución, por ejemplo 1234.
calendar-only = Solo para algunos cursos
calendar-only-hint = Sin marcar ninguno, vale para todo el colegio.
calendar-course-unknown = Uno de los cursos ya no está abierto. No se hizo ningún cambio.
calendar-other-year = Uno de los cursos no es de ese año.
calendar-holiday-whole = Un feriado es de todo el colegio: para algunos cursos elija «Sin clases».
calendar-kept-changing = Otra persona estaba cambiando lo mismo. No se hizo el cambio; intente de nuevo.
calendar-review = Revisar
calendar-ask = ¿{ $day }, el { $date }?
calendar-touches-label = A quiénes afecta
calendar-touches = Afecta a { $pupils ->
    [one] { $pupils } alumno
   *[other] { $pupils } alumnos
} de { $courses ->
    [one] { $courses } curso
   *[other] { $courses } cursos
}.
calendar-effect-nobody = No se espera a nadie: nadie figurará sin ingreso, y las tarjetas se siguen leyendo.
calendar-effect-half = La salida se adelanta; quien debía entrar después de esa hora no se espera.
calendar-effect-expected = Se espera a los alumnos a esas horas: quien no llegue figurará sin ingreso.
calendar-sure = Sí, fijarlo
calendar-done-set = El día quedó fijado.
calendar-done-cleared = Se quitó: vale de nuevo el horario, o el feriado si lo hay.
calendar-done-same = Ya estaba así: no hubo nada que cambiar.
kind-no-classes = Sin clases
kind-half-day = Media jornada
kind-outing = Salida
kind-recovery = Recuperación de clases
kind-holiday = Feriado
course-day-nobody = no se espera en el acceso: { $reason }
course-day-at = horario distinto, { $stays }: { $reason }

# Elegir
choose-school = Elija un colegio
schools-all = { $n } colegios
schools-some = En { $n } de { $of } colegios; los demás no tienen cifras en este momento.
schools-no-figures = Sus cifras no alcanzaron a calcularse; están en su página Hoy.
no-school-title = Su cuenta no pertenece a ningún colegio
no-school-what-to-do = Quien administra el colegio puede dar acceso.

# Errores
error-not-found-title = Esta página no existe
error-not-found = Es posible que la dirección esté mal escrita, o que lo que busca ya no exista.
error-too-many-title = Demasiados intentos
error-too-many = Desde aquí se intentó demasiadas veces. Espere un rato antes de volver a intentarlo. Si pidió un enlace, revise primero su correo.
error-forbidden-title = Su cuenta no tiene acceso a esto
error-forbidden = No se hizo ningún cambio. Quien administra el colegio puede dar acceso.
error-request-title = La solicitud no se entendió
error-request = No se hizo ningún cambio. Vuelva a la página anterior e intente de nuevo.
error-unavailable-title = El sistema no responde en este momento
error-unavailable = Espere unos segundos y cargue la página otra vez.
error-internal-title = Algo falló de nuestro lado
error-internal = Cargue la página otra vez. Si vuelve a pasar, avise a quien administra el sistema y dele el código.
error-nothing-lost = Las lecturas de los accesos no se pierden: quedan guardadas en cada lector hasta que el servidor las recibe.
error-code = Código: { $code }

# Rechazos de la API
problem-malformed-json = El cuerpo no es JSON válido.
problem-malformed-request = La solicitud no se puede leer.
problem-invalid-grant = El correo, la contraseña, el código o el token no es válido.
problem-second-factor-required = Falta el código de la verificación en dos pasos.
problem-unauthenticated = No hay una sesión iniciada.
problem-step-up = Hay que volver a ingresar la contraseña.
problem-forbidden = Esta cuenta no puede hacer eso aquí.
problem-kiosk-unauthenticated = El lector no se identificó con su clave.
problem-kiosk-revoked = El lector fue anulado.
problem-cross-site = Otro sitio web hizo la solicitud.
problem-not-found = No existe lo que se pidió.
problem-method-not-allowed = Esta dirección no admite esa operación.
problem-request-timeout = La solicitud tardó demasiado; se puede repetir.
problem-conflict = Otra solicitud está cambiando lo mismo; se puede repetir.
problem-lane-changed = Otra persona cambió el sentido del lector mientras tanto.
problem-no-show-not-found = No hay tal caso.
problem-no-show-closed = El caso ya se cerró.
problem-no-show-acknowledged = Alguien ya está viendo el caso.
problem-body-too-large = El cuerpo es demasiado grande.
problem-uri-too-long = La dirección es demasiado larga.
problem-unsupported-media-type = El cuerpo debe ser application/json.
problem-misdirected-request = Este servidor no atiende a ese nombre.
problem-invalid-body = El cuerpo no tiene la forma esperada.
problem-invalid-parameter = Un parámetro de la dirección no es válido.
problem-invalid-cursor = El cursor no es de esta lista.
problem-invalid-batch = El lote no tiene la forma esperada.
problem-empty-batch = El lote no trae lecturas.
problem-too-many-scans = El lote trae más de 500 lecturas.
problem-school-required = Falta indicar el colegio.
problem-schedule-invalid = El horario no es válido.
problem-day-invalid = Lo que se pidió para el día no es válido.
problem-course-closed = El curso está cerrado.
problem-idempotency-key-required = Falta Idempotency-Key, o no es un UUID.
problem-idempotency-key-reused = La misma Idempotency-Key llegó con otro contenido.
problem-internal = Falló el sistema; no fue culpa de quien lo usa.
problem-tokens-off = Esta instalación no entrega tokens a programas.
problem-replay-needs-rebuild = El índice del registro es de una versión anterior y debe armarse de nuevo una vez.
problem-unavailable = El sistema no alcanza su base de datos; se puede repetir.
problem-too-many-tries = Demasiados intentos; hay que esperar un poco antes del siguiente.
problem-overloaded = Hay demasiado trabajo en cola; se puede repetir.

# Importar una nómina
import-file-empty = el archivo está vacío
import-file-is-workbook = es un libro de Excel; guárdelo como «CSV UTF-8 (delimitado por comas)» e importe ese archivo
import-file-too-large = el archivo es demasiado grande (máximo 16 MB)
import-file-without-header = no se encontró una fila de encabezado con al menos «Nombre» y «Curso»
import-file-with-open-quote = unas comillas que se abren en la fila { $row } no se cierran
import-run-scientific = la planilla redondeó el RUN (por ejemplo 1,2E+07) y perdió sus dígitos; dé formato de texto a la columna y vuelva a escribirlo
import-run-check-digit = el dígito verificador no corresponde al RUN; revise si hay un error de tipeo
import-run-without-check-digit = al RUN le falta el dígito verificador; escríbalo completo, como 12.345.678-5
import-run-two-check-digits = el dígito verificador de su columna es distinto del que trae el RUN; deje solo el correcto
import-run-unreadable = no se entiende como RUN; escríbalo como 12.345.678-5, o deje la celda vacía si no tiene
import-name-missing = falta el nombre; escríbalo
import-name-incomplete = faltan los nombres o los apellidos: hay una sola palabra; escriba ambos
import-name-unreadable = el nombre contiene números o signos que no son de un nombre; déjelo solo con letras
import-text-mangled = los acentos o la eñe están dañados; exporte de nuevo la lista como «CSV UTF-8»
import-text-too-long = el texto es demasiado largo; acórtelo
import-course-missing = falta el curso; escríbalo como 1° Básico A
import-course-unreadable = no se entiende el curso; escríbalo como 1° Básico A, 4° Medio C, NT1 o Kínder A
import-phone-unreadable = no se entiende el teléfono; escríbalo como 9 1234 5678 o +56 9 1234 5678
import-phone-eight-digits = el teléfono tiene ocho dígitos: agregue el 9 si es celular, o el código de área si es fijo
import-mail-unreadable = no se entiende el correo; revise que tenga la forma nombre@dominio.cl
import-guardian-name-missing = hay RUN, teléfono o correo de un apoderado, pero falta su nombre; escríbalo
import-too-many-cells = la fila tiene más celdas que el encabezado: un separador dentro de una celda corrió las columnas; quítelo, o ponga esa celda entre comillas
import-duplicate-run = este RUN ya está en la fila { $row }
import-ambiguous-pupil = no se distingue del alumno de la fila { $row } (mismo nombre y curso); agregue el RUN a ambos
import-ambiguous-registered = hay varios alumnos registrados con este nombre y curso; agregue el RUN
import-ambiguous-move = hay un alumno registrado con este nombre en otro curso; agregue el RUN
import-guardian-contradiction = este apoderado tiene otros datos en la fila { $row }; deje los mismos en ambas
import-pupil-withdrawn = este alumno figura como retirado del colegio y la importación no reincorpora a nadie; quite la fila
import-changed-meanwhile = alguien cambió estos datos mientras se guardaba la lista; vuelva a importarla
import-not-applied = no se pudo guardar; vuelva a importar la lista
import-rows = Filas
import-new = nuevos
import-changed = con cambios
import-unchanged = sin cambios
import-rejected = con errores
import-guardians = Apoderados nuevos o con cambios
import-courses = Cursos que se abren (después fije su horario)
import-unused-columns = Columnas que no se usan
import-row = Fila
import-pupil = Alumno
import-course = Curso
import-data = Datos
import-creates = nuevo
import-changes = cambia
import-in-row = fila { $row }
import-in-column = fila { $row }, columna { $column } «{ $header }»
import-errors = Errores (una fila con error se salta entera)
import-end-nothing-saved = No había nada que cambiar.
import-end-saved = Guardado. Filas nuevas: { $new }; con cambios: { $changed }.
import-end-nothing-planned = No se ha guardado nada, y no hay nada que cambiar.
import-end-planned = No se ha guardado nada todavía; con --apply se guarda lo de arriba.
import-end-rejected = Filas con errores, que no se guardan: { $n }. Corríjalas e importe el archivo completo otra vez; lo que ya está guardado no se pierde ni se repite.
import-field-run = RUN
import-field-names = nombre
import-field-course = curso
import-field-card = tarjeta
import-field-guardian = apoderado nuevo
import-field-guardian-run = RUN del apoderado
import-field-guardian-name = nombre del apoderado
import-field-guardian-phone = teléfono del apoderado
import-field-guardian-mail = correo del apoderado
import-field-guardian-link = vínculo con apoderado

# Entrar y salir, cuentas, personas.
nav-account = Mi cuenta
nav-people = Personas
nav-log = Seguridad
sign-out = Cerrar sesión
sign-in-title = Iniciar sesión
sign-in-send = Entrar
sign-in-refused = El correo o la contraseña no son correctos.
sign-in-activated = Su contraseña quedó guardada. Ya puede iniciar sesión.
sign-in-no-account = Las cuentas las crea quien administra el colegio. Si olvidó su contraseña, pídale un enlace nuevo.
code-title = Verificación en dos pasos
code-what = Escriba el código de seis dígitos que muestra su aplicación de autenticación.
code-refused = El código no es correcto o ya se usó. Espere el siguiente.
code-again = Volver a comenzar
activate-title = Elegir contraseña
activate-what = Con el enlace que recibió se elige la contraseña una sola vez. El enlace vale 24 horas.
activate-send = Guardar contraseña
activate-link-not-valid = El enlace no es válido: ya se usó, venció o está incompleto. Pida uno nuevo a quien administra el colegio.
field-email = Correo electrónico
field-password = Contraseña
field-current-password = Contraseña actual
field-new-password = Contraseña nueva
field-repeat-password = Repita la contraseña nueva
field-code = Código
field-name = Nombre
field-role = Rol
field-link = Enlace o código de activación
field-link-hint = Se completa solo al abrir el enlace; si no, péguelo aquí.
password-title = Cambiar contraseña
password-send = Cambiar contraseña
password-hint = De 15 a 128 caracteres; varias palabras sirven bien. Sin el nombre del colegio ni el suyo.
password-ends-sessions = Al cambiarla se cierran sus demás sesiones.
password-differs = Las dos contraseñas nuevas no son iguales.
password-wrong = La contraseña no es correcta.
password-too-short = La contraseña es muy corta: necesita al menos 15 caracteres.
password-too-long = La contraseña es muy larga: puede tener hasta 128 caracteres.
password-guessable = Esa contraseña es fácil de adivinar. Elija palabras que no tengan que ver con el colegio ni con usted.
account-password-changed = Su contraseña cambió y sus demás sesiones se cerraron.
account-totp-set = Desde ahora se pide un código al iniciar sesión. Sus demás sesiones se cerraron.
account-totp-removed = Ya no se pide un código al iniciar sesión. Sus demás sesiones se cerraron.
account-sessions-ended = Sesiones cerradas.
account-programs-ended = Se quitó el acceso.
sessions-title = Sesiones abiertas
session-this = Esta sesión
session-device-unknown = Navegador desconocido
session-end = Cerrar
session-end-others = Cerrar todas las demás
programs-title = Programas con acceso
programs-what = Programas que actúan por usted a través de la API.
program-unknown = Programa sin nombre
program-reused = Se le quitó el acceso: alguien usó una copia de su clave. Si no fue usted, cambie su contraseña.
program-end = Quitar el acceso
program-end-all = Quitar el acceso a todos
totp-title = Verificación en dos pasos
totp-on = Al iniciar sesión, después de la contraseña se pide un código de su aplicación de autenticación.
totp-off = Con un código de una aplicación de autenticación, la contraseña sola no basta para entrar.
totp-begin = Agregar la verificación en dos pasos
totp-start = Comenzar
totp-begin-again = Comenzar con una clave nueva
totp-remove = Quitar la verificación en dos pasos
totp-type-it = Escriba esta clave en su aplicación de autenticación. Se muestra solo ahora.
totp-open = Abrir en la aplicación de este dispositivo
totp-confirm = Confirmar
confirm-title = Confirmar que es usted
confirm-what = Lo que sigue es delicado, por eso se le pide de nuevo. Vale por cinco minutos.
confirm-send = Continuar
people-invite = Invitar a una persona
people-invite-send = Crear invitación
people-disabled = Suspendida: no puede entrar a este colegio
people-not-activated = Todavía no elige su contraseña
people-two-steps = Con verificación en dos pasos
people-disable = Suspender
people-end-sessions = Cerrar sus sesiones
people-enable = Reactivar
people-new-link = Crear un enlace para elegir contraseña
people-invalid-name = Escriba un nombre de hasta 100 letras.
people-of-another-school = La cuenta también es de otro colegio: esto lo hace quien administra la instalación.
people-not-a-member = Esa persona no es de este colegio.
people-last-admin = Es la última persona que administra el colegio: primero debe haber otra.
people-is-disabled = Esa persona está suspendida.
people-cannot = Eso no se puede hacer con esta cuenta.
role-admin = Administración
role-director = Dirección
role-inspector = Inspectoría
role-auditor = Auditoría
role-owner = Sostenedor
link-title = Enlace de un solo uso
link-what = Entréguelo a la persona por un medio seguro. Se muestra solo ahora y vale 24 horas.
link-mailed = Se lo enviamos por correo a la persona. Vale 24 horas; nadie más lo ve.
link-back = Volver a Personas
log-what = Lo que pasó con las cuentas del colegio, lo más reciente primero.
log-empty = Todavía no hay nada.
log-older = Más antiguos
log-invited = Invitación
log-link-issued = Se creó un enlace para elegir contraseña
log-activated = Cuenta activada
log-role-granted = Se dio un rol
log-role-revoked = Se quitó un rol
log-disabled = Cuenta suspendida
log-enabled = Cuenta reactivada
log-credential-changed = Cambió la contraseña o la verificación en dos pasos
log-credential-removed = Se quitó una llave de acceso o el código de la verificación en dos pasos
log-signed-in = Inicio de sesión
log-session-ended = Fin de sesión
log-throttled = Se frenaron intentos de iniciar sesión
log-refresh-reuse-detected = Se usó una copia de la clave de un programa; se le quitó el acceso
log-erased = Datos de la cuenta eliminados
session-last-seen = Último uso: { $ago }
people-change = Roles y acceso de { $name }
people-grant = Dar el rol { $role }
people-revoke = Quitar el rol { $role }
log-actor-cli = la línea de comandos del servidor
log-actor-system = el sistema
log-by = por { $who }
letter-change-subject = Cambio en su cuenta de { $product }
letter-change-text = { $what }

    Si fue usted, no tiene que hacer nada. Si no fue usted, avise ahora a quien administra el sistema en su colegio y cambie su contraseña en { $url }/cuenta

    Este mensaje es automático; no es necesario responder.
letter-password-changed = Se cambió la contraseña de su cuenta. Todas las demás sesiones se cerraron.
letter-password-by-link = Con un enlace de un solo uso se eligió una contraseña para su cuenta.
letter-totp-set = Se agregó a su cuenta la verificación en dos pasos con códigos de una aplicación.
letter-totp-removed = Se quitó de su cuenta la verificación en dos pasos con códigos de una aplicación.
letter-staff-link-subject = Su acceso a { $product }
letter-staff-link-text = Con este enlace elige su contraseña de { $product }. Sirve una sola vez y por 24 horas:

    { $link }

    Si no lo esperaba, no haga nada. No reenvíe este mensaje: quien lo abra elige su contraseña.
letter-link-subject = Su enlace para entrar a { $product }
letter-link-text = Con este enlace entra a { $product }. Sirve una sola vez y por diez minutos:

    { $link }

    Ábralo en el mismo teléfono o computador donde lo pidió y toque «Entrar». En otro dispositivo mostrará un código de seis dígitos.

    Si no lo pidió, no haga nada: sin el dispositivo que lo pidió, este enlace no abre nada. No reenvíe este mensaje.
sign-in-family = Soy apoderado o apoderada: entrar con mi correo
family-enter-title = Entrar como familia
family-enter-what = Escriba el correo que le dio al colegio. Le enviaremos un enlace para entrar; no necesita contraseña.
field-email-wrong = Ese correo no está completo: debe tener la forma nombre@dominio.cl.
family-enter-send = Enviarme el enlace
family-enter-no-account = Si su correo cambió, pida al colegio que lo corrija.
family-enter-staff = Trabajo en el colegio: entrar con contraseña
family-sent-title = Revise su correo
family-sent-what = Si ese correo es de una apoderada o un apoderado, el enlace llega en un minuto y sirve por diez minutos.
family-sent-how = Ábralo en este mismo dispositivo y toque «Entrar».
family-sent-nothing = ¿No llega? Revise la carpeta de correo no deseado (spam), o pregunte al colegio qué correo suyo tiene.
family-again = Pedir otro enlace
family-code-title = ¿Lo abrió en otro dispositivo?
family-code = Código de seis dígitos
family-code-hint = Es el que muestra el enlace al abrirlo en el otro dispositivo.
family-code-refused = El código no es correcto o ya no sirve. Después de cinco intentos hay que pedir otro enlace; si tampoco sirve, ábralo en este mismo dispositivo.
family-link-title = Un toque más
family-link-what = Toque «Entrar» para ver a sus pupilos.
family-link = Enlace
family-elsewhere-title = Su código
family-elsewhere-what = Este no es el dispositivo donde pidió el enlace. Escriba este código allá:
family-elsewhere-warning = No se lo diga a nadie, tampoco por teléfono. Si no pidió entrar, cierre esta página.
family-void-title = El enlace ya no sirve
family-void-what = Ya se usó, pasaron más de diez minutos o se pidió otro después. No se perdió nada: pida uno nuevo.
family-title = Sus pupilos hoy
family-empty = No hay alumnos que pueda ver con este correo. Si cree que es un error, hable con el colegio.
family-more = Ver el detalle
family-more-of = Ver el detalle de { $name }
family-back = Volver a sus pupilos
family-no-taps = Hoy no hay ingresos ni salidas registrados.
family-why = Cómo se sabe
looks-title = Quién miró
looks-back = Volver a Seguridad
looks-what = Cada vez que una persona ve datos de alumnos queda anotado. Lo mismo visto otra vez dentro de cinco minutos cuenta como una sola vez.
looks-empty = Nadie ha mirado todavía.
looks-of-school = todo el colegio
looks-of-pupil = alumno { $id }
looks-why = por su permiso para { $why }
right-board = ver el panel del día
right-pupils = ver datos de alumnos
right-audit = ver el registro
right-audit-replay = repetir un día
right-no-show = ver quién no ingresó
right-no-show-act = atender a quien no ingresó
right-manual = anotar a mano y revisar solicitudes
right-own-pupil = ver a sus pupilos
right-server = administrar el servidor
look-board = Panel del día
look-pupils = Lista de alumnos
look-course = Día de un curso
look-audit = Índice del registro, sin nombres
look-replay = Un día repetido, alumno por alumno
look-cases = Casos sin ingreso
look-case = Caso de un alumno, con los teléfonos de la familia
look-own-pupil = Página de la familia
look-times = { $n ->
    [one] una vez
   *[other] { $n } veces
}
role-guardian = Apoderado o apoderada
role-server = Quien administra el servidor
family-looks-what = Personas que en los últimos 30 días vieron datos de este alumno o alumna, también dentro de su curso o de todo el colegio.
family-looks-you = Usted
family-looks-relative = Otra persona de la familia

# Passkeys.
passkeys-title = Llaves de acceso
passkeys-what = Con una llave de acceso se entra con la huella, el rostro o el PIN del teléfono o computador, sin contraseña. Si alguien imita esta página, la llave no funciona allí.
passkey-add = Agregar una llave de acceso
passkey-what = Su teléfono o computador le pedirá la huella, el rostro o el PIN. También sirve una llave de seguridad USB o NFC.
passkey-name = Nombre de la llave
passkey-name-hint = Para reconocerla después: por ejemplo, «Teléfono de Inspectoría».
passkey-name-wrong = Escriba un nombre de hasta 60 letras para la llave.
passkey-create = Crear la llave
account-back = Volver a Mi cuenta
passkey-remove = Quitar
passkey-unused = Todavía no se usa
passkey-used = { $days ->
    [0] Usada hoy
    [one] Usada ayer
   *[other] Usada hace { $days } días
}
passkey-use = Continuar con la llave de acceso
passkey-second = Confirme que es usted con su llave de acceso.
passkey-refused = No se pudo comprobar la llave de acceso. Pruebe de nuevo.
passkey-late = La respuesta llegó muy tarde o ya se usó. Pruebe de nuevo.
passkey-elsewhere = En esta dirección no hay llaves de acceso. Abra el sitio como { $origin }
passkey-unable = Este navegador no conoce las llaves de acceso. Use uno más nuevo u otro dispositivo.
passkey-waiting = Siga las instrucciones de su dispositivo.
passkey-cancelled = No hubo respuesta del dispositivo, o se canceló. Pruebe de nuevo.
passkey-already = Este dispositivo ya tiene una llave de acceso de su cuenta.
passkey-often = Fueron muchos intentos seguidos. Espere un minuto.
passkey-failed = No resultó. Revise la conexión y pruebe de nuevo.
passkey-without-scripts = Las llaves de acceso necesitan JavaScript, y está desactivado en este navegador. Actívelo para este sitio, o use otro navegador.
sign-in-or = o
sign-in-passkey = Entrar con llave de acceso
code-lost = ¿Perdió el dispositivo? Quien administra el colegio puede quitarle la verificación en dos pasos para que la agregue de nuevo.
account-passkey-added = La llave de acceso quedó agregada. Sus demás sesiones se cerraron.
account-passkey-removed = La llave de acceso ya no sirve. Sus demás sesiones se cerraron.
log-passkey-copy-suspected = Se rechazó una llave de acceso: puede haber una copia
letter-passkey-added = Se agregó una llave de acceso a su cuenta.
letter-passkey-removed = Se quitó una llave de acceso de su cuenta.
letter-passkey-copied = Se rechazó una de sus llaves de acceso porque puede haber una copia de ella. Quítela en «Mi cuenta» y agregue otra.
enrol-title = Proteja su cuenta
enrol-what = Antes de seguir, agregue la verificación en dos pasos: además de la contraseña, una llave de acceso o un código. Se hace una sola vez y toma un minuto.
enrol-what-strict = Usted administra el acceso de otras personas, por eso su cuenta necesita una llave de acceso. Se hace una sola vez y toma un minuto.
enrol-passkey = Llave de acceso
enrol-code = Código de una aplicación
enrol-code-what = Una aplicación de autenticación en su teléfono muestra un código que cambia cada medio minuto.
enrol-code-begin = Usar una aplicación
factor-needed = Es lo único que protege su cuenta además de la contraseña. Agregue primero otra llave de acceso.
people-reset-factors = Quitar la verificación en dos pasos
letter-factors-reset = Quien administra su colegio le quitó las llaves de acceso y el código de su cuenta. La próxima vez que entre con su contraseña, agregue de nuevo la verificación en dos pasos. Si no lo pidió, avise al colegio.
family-sessions-title = Entradas con este correo
family-sessions-what = Cada vez que alguien entró con este correo. Si no reconoce una, ciérrela y avise al colegio.
family-session-open = Abierta
family-session-over = Cerrada
people-pending = Pendiente: la persona todavía no acepta
people-withdraw = Retirar la invitación
people-has-not-answered = Esa persona todavía no acepta la invitación.
people-has-answered = Esa persona ya aceptó: ahora es de este colegio.
people-told-title = Invitación pendiente
people-told = Avisamos por correo a la persona. La invitación vale cuando la acepte en «Mi cuenta»; hasta entonces puede retirarla.
invitations-title = Invitaciones
invitations-what = Si acepta, ese colegio verá su nombre y su correo. Con más de un colegio, ninguno puede por sí solo darle un enlace para cambiar su contraseña ni quitarle la verificación en dos pasos. Al aceptar se cierran sus demás sesiones.
invitation-accept = Aceptar { $school }
invitation-decline = Rechazar { $school }
invitation-accepted = Aceptó la invitación. Sus demás sesiones se cerraron.
invitation-declined = Rechazó la invitación.
log-membership-offered = Invitación a quien ya tiene cuenta
log-membership-accepted = Invitación aceptada
log-membership-declined = Invitación rechazada
log-membership-withdrawn = Invitación retirada
letter-invitation-subject = Una invitación en { $product }
letter-invitation-text = Un colegio le invitó a trabajar con él en { $product }. Entre con su cuenta de siempre y acepte o rechace la invitación en «Mi cuenta»:

    { $url }

    Hasta que acepte, nada cambia. Si no lo esperaba, rechácela.

# Sin ingreso: quién no llegó
nav-cases = Casos
cases-title = Sin ingreso
cases-answer-label = Cuántos alumnos siguen sin ingreso
cases-open = { $n ->
    [one] alumno sin ingreso
   *[other] alumnos sin ingreso
}
cases-count-review = { $n ->
   *[other] por revisar
}
cases-count-told = { $n ->
    [one] con aviso pedido
   *[other] con aviso pedido
}
cases-count-seen = { $n ->
    [one] lo ve una persona
   *[other] los ve una persona
}
cases-review-title = Por revisar
cases-told-title = Con aviso a la familia pedido
cases-seen-title = Los está viendo una persona
cases-ended-title = Cerrados ese día
cases-days = Otros días
cases-none-nobody = Hoy no se espera a nadie
cases-none-looked = { $n ->
    [one] { $n } alumno sin registro de ingreso, todavía sin caso
   *[other] { $n } alumnos sin registro de ingreso, todavía sin caso
}
cases-none-looked-why = Venció su plazo hace poco, o se espera que los accesos confirmen que no tienen lecturas pendientes. El caso se abre solo, a más tardar en unos minutos.
cases-none-due = Todavía no vence ningún plazo
cases-none-due-why = { $n ->
    [one] Se espera a { $n } alumno.
   *[other] Se espera a { $n } alumnos.
}
cases-none-open = Nadie sin ingreso
cases-none-to-come = { $n ->
    [one] Falta { $n } por llegar, y su plazo no ha vencido.
   *[other] Faltan { $n } por llegar, y su plazo no ha vencido.
}
cases-none-all = { $n ->
    [one] Llegó el único alumno que se esperaba.
   *[other] Llegaron los { $n } que se esperaban.
}
cases-none-that-day = Ese día no se abrió ningún caso
cases-mass = { $n ->
    [one] { $n } alumno sin ingreso
   *[other] { $n } alumnos sin ingreso
}
cases-mass-release = { $n ->
    [one] Avisar a { $n } familia…
   *[other] Avisar a las { $n } familias…
}
cases-mass-who = Quiénes son
cases-release-title = ¿Avisar a las familias de { $course }?
cases-release-not = No, volver
cases-release-none = Ya no hay casos retenidos en este curso: llegaron, se avisó o alguien los está viendo.
cases-release-whom = { $n ->
    [one] Se pedirá avisar a la familia de:
   *[other] Se pedirá avisar a las familias de:
}
cases-release-send = { $n ->
    [one] Sí, avisar a { $n } familia
   *[other] Sí, avisar a las { $n } familias
}
cases-measured-title = Últimos 30 días
cases-measured-opened = Casos
cases-measured-n = { $n ->
    [one] { $n } caso
   *[other] { $n } casos
}
cases-measured-found = Se supo tras vencer el plazo (mediana)
cases-measured-seen = Alguien lo vio tras abrirse (mediana)
cases-measured-false = Avisos que no correspondían
cases-measured-of = { $n } de { $all }
case-back = Todos los casos
case-due = plazo { $time }, { $ago }
case-held-new = Recién abierto.
case-held-gate = Un acceso está sin noticias: pudo haber entrado sin que se sepa. No se pidió avisar a la familia.
case-held-mass = Faltan demasiados a la vez: puede ser un bus, un acceso o un día sin clases que nadie anotó. No se pidió avisar a las familias.
case-held-stale = Se supo mucho después del plazo. No se pidió avisar a la familia.
case-told = Aviso a la familia pedido a las { $time }.
case-seen = Lo está viendo { $who } desde las { $time }.
case-seen-you = Lo está viendo usted desde las { $time }.
case-arrived = Ingresó a las { $time }.
case-justified = Justificado: { $reason }.
case-entered-before = Había ingresado a tiempo, a las { $time }; el registro llegó después.
case-not-expected = No se lo esperaba. { $why }
case-left-early = Se retiró anticipadamente a las { $time } con una persona autorizada.
case-not-due = Cambió el horario, y su plazo no ha vencido.
case-said-opened = Se esperaba su ingreso hasta las { $time }, y no hay registro.
case-said-held = Quedó por revisar. { $why }
case-said-told = Se pidió avisar a la familia.
case-said-seen = Lo está viendo una persona; no se avisa a nadie más.
case-by-you = usted
case-by-program = el sistema, por sus reglas
case-by-somebody = otra persona
case-see = Lo estoy viendo
case-call = Llamar
case-release = Avisar a la familia
case-justify = Justificar
case-reason-illness = enfermedad
case-reason-appointment = hora médica
case-reason-family = asunto familiar
case-reason-other = otro motivo
case-done-seen = Quedó anotado que usted lo está viendo.
case-done-released = Quedó pedido el aviso a la familia.
case-done-released-all = Quedó pedido el aviso a las familias que seguían sin él.
case-done-justified = Quedó justificado.
case-refused-closed = El caso ya se cerró. No se hizo nada.
case-refused-seen = Alguien ya lo está viendo: no se pidió avisar a la familia.
case-refused-changing = El caso cambiaba a cada intento. No se hizo nada; intente de nuevo.
case-refused-reason = Elija un motivo. No se hizo nada.
case-stands-title = Cómo está
case-family-title = A quién llamar
case-family-none = No hay apoderados registrados para este alumno.
case-story-title = Qué ha pasado
guardian-legal = representante legal
guardian-notify = recibe avisos
guardian-collect = puede retirar
guardian-restricted = No llamar: una medida judicial se lo impide.
guardian-no-phone = sin teléfono registrado

# Un día, como se sabía
replay-title = Repetir un día
replay-what = El día tal como se sabía en un momento y como se sabe hoy, a partir del registro, que nadie puede cambiar.
replay-date = Día
replay-time = A qué hora
replay-known = Con lo que se sabía el
replay-known-hint = Si se deja en blanco, con lo que se sabía a esa misma hora.
replay-filters = Buscar a alguien
replay-pupil = Nombre del alumno
replay-course = Curso
replay-actor = Anotado por
replay-kiosk = Acceso
replay-shown = Mostrar
replay-anybody = Todos
replay-only-changed = Solo quienes figuran hoy de otra manera
replay-all = Todos los alumnos
replay-show = Mostrar
replay-moves = Unos minutos antes o después
replay-answer-label = Resumen
replay-about = Situación de
replay-as-known = Con lo que se sabía el
replay-changed = { $n ->
    [one] alumno figura hoy de otra manera
   *[other] alumnos figuran hoy de otra manera
}
replay-reasons = { $n ->
    [one] Además, uno figura igual, por otras razones.
   *[other] Además, { $n } figuran igual, por otras razones.
}
replay-table = Alumnos según lo que se sabía y lo que se sabe hoy
replay-status = Estado
replay-then = Se sabía
replay-now = Se sabe hoy
replay-until = El registro está aquí hasta
replay-gates = Lo que se sabía de los accesos
replay-gate-silent = sin noticias desde las { $time }; lo que leyó después aún no llegaba.
replay-gate-drained = había llegado todo lo leído hasta las { $time }.
replay-gate-never = no se sabía nada de este acceso.
replay-none = Nadie. Con lo que se sabe hoy, el día se ve como se veía.
replay-next = Ver más
replay-csv = Descargar como planilla (CSV)
replay-not-on-board = no figuraba
replay-same-otherwise = Figura igual, pero hoy se sabe por otras razones.
replay-events = Qué hay detrás
replay-no-events = No hay lecturas ni anotaciones de ese día.
replay-entered = Ingreso a las { $time }
replay-left = Salida a las { $time }
replay-doubts = Lectura con dudas:
replay-taken-back = Se deshizo lo anotado a mano
replay-recorded = registrado el
replay-not-then = aún no se sabía
replay-later = después de esa hora
replay-by-family = la familia
replay-by-gate = un acceso
replay-wrong-date = Esa fecha no se entiende.
replay-wrong-time = Esa hora no se entiende. Debe ser como 08:20.
replay-wrong-known = Ese momento no se entiende. Debe ser una fecha con su hora.
replay-in-future = Ese momento todavía no llega.
replay-after-known = No puede ser antes de la hora por la que se pregunta: nadie sabía aún lo que pasaría.
replay-no-school = El registro aún no tiene nada de este colegio.
replay-needs-rebuild = El índice del registro es de una versión anterior y debe armarse de nuevo una vez. Lo hace quien administra el servidor (attendance rebuild audit). No se ha perdido nada.
replay-nothing-then = En ese momento el registro aún no tenía nada de este colegio.
### Informes
nav-reports = Informes
look-report = Informe
right-reports = ver informes
reports-title = Informes
reports-tabs = Informes
reports-tab-month = Mes
reports-tab-day = Día
reports-tab-absence = Ausencias y atrasos
reports-tab-gates = Accesos
reports-tab-list = Lista de clases
reports-months = Otros meses
reports-other-days = Otros días
reports-month = { $month } de { $year }
reports-year = Año { $year }
reports-csv = Descargar como planilla (CSV)
reports-legal = Estas cifras son de ingresos y salidas por los accesos. No son la asistencia del libro de clases ni la reemplazan.
reports-rate = Porcentaje de ingresos
reports-rate-long = de ingresos
reports-rate-none = El porcentaje cuenta días cerrados: aún no hay ninguno.
reports-rate-of = { $entered ->
    [one] { $entered } día con ingreso, de { $known } de los que se sabe.
   *[other] { $entered } días con ingreso, de { $known } de los que se sabe.
}
reports-share = { $entered } de { $known }
reports-n-late = { $n ->
    [one] atraso
   *[other] atrasos
}
reports-n-absent = { $n ->
    [one] ausencia
   *[other] ausencias
}
reports-n-justified = { $n ->
    [one] justificada
   *[other] justificadas
}
reports-n-unknown = sin información
reports-n-open = por cerrar
reports-unknown-why = Un día queda sin información si un acceso no se comunicó o si nadie de todo el colegio fue leído. No cuenta como ausencia ni entra en el porcentaje.
reports-expected = Se esperaban
reports-in-time = A la hora
reports-late = Atrasos
reports-absent = Ausencias
reports-justified = Justificadas
reports-missing = Sin ingreso, por cerrar
reports-pending = Por llegar
reports-open = Por cerrar
reports-unknown = Sin información
reports-entered = Días con ingreso
reports-known = Días de los que se sabe
reports-date = Fecha
reports-id = Identificador
reports-course = Curso
reports-family-names = Apellidos
reports-given-names = Nombres
reports-band = Categoría
reports-status = Estado
reports-minutes = Minutos de atraso
reports-first-entry = Primer ingreso
reports-left-at = Salida
reports-late-synced = Lecturas llegadas tarde
reports-nobody-read = Nadie de todo el colegio fue leído este día: no se concluye nada.
reports-nobody-read-head = Nadie fue leído
reports-gate = Acceso
reports-scans = Lecturas
reports-longest-seconds = Mayor espera, en segundos
reports-nothing = No hay días en que se esperara a alguien.
reports-days = Por día
reports-day = Día
reports-courses = Por curso
reports-pupils = Por alumno
reports-pupil = Alumno o alumna
reports-chart-title = Cómo fue cada día
reports-chart-desc = { $n ->
    [one] { $n } día, el { $from }. Una barra con quienes llegaron a la hora, los atrasos, las ausencias y quienes quedaron sin información; las cifras están en la tabla.
   *[other] { $n } días, del { $from } al { $to }. Una barra por día con quienes llegaron a la hora, los atrasos, las ausencias y quienes quedaron sin información; las cifras están en la tabla.
}
reports-day-title = Informe del día
reports-nobody = No se esperaba a nadie.
reports-not-yet = Ese día aún no comienza.
reports-today = El día está en curso: la ausencia es final una hora después del término de la jornada.
reports-synced-late = { $n ->
    [one] De { $n } alumno llegaron lecturas tarde.
   *[other] De { $n } alumnos llegaron lecturas tarde.
}
reports-pupil-title = Días de un alumno
reports-one-in-time = a la hora
reports-one-late = con atraso
reports-entered-at = Ingresó a las { $time }.
reports-left-at-time = Salió a las { $time }.
reports-one-synced-late = La lectura llegó tarde.
reports-minutes-late = ({ $n } min)
reports-band-severe = Inasistencia grave (85 % o menos)
reports-band-repeated = Inasistencia reiterada (más de 85 % y hasta 90 %)
reports-band-normal = Normal (más de 90 % y menos de 97 %)
reports-band-outstanding = Destacada (97 % o más)
reports-scale = Categorías según { $source }, aplicadas al porcentaje de ingresos. Una ausencia justificada también es ausencia.
reports-promotion-reached = Está en el 85 % o sobre él. La promoción (Decreto 67) se decide con la asistencia del libro de clases, no con esta cifra.
reports-promotion-below = Está bajo el 85 %. La promoción (Decreto 67) se decide con la asistencia del libro de clases, no con esta cifra.
reports-absence-title = Ausencias y atrasos reiterados
reports-away = { $n ->
    [one] alumno con inasistencia reiterada o grave
   *[other] alumnos con inasistencia reiterada o grave
}
reports-late-again = { $n ->
    [one] { $n } alumno con { $times } atrasos o más en el mes.
   *[other] { $n } alumnos con { $times } atrasos o más en el mes.
}
reports-away-title = Inasistencia reiterada o grave
reports-late-title = Atrasos reiterados
reports-gates-title = Lecturas tardías y días sin información
reports-unknown-days = { $n ->
    [one] día del que no se sabe todo
   *[other] días de los que no se sabe todo
}
reports-unknown-title = Días sin información completa
reports-synced-title = Lecturas que llegaron tarde
reports-synced-none = Todas las lecturas del mes llegaron a su hora.
reports-synced-scans = { $n ->
    [one] { $n } lectura, con { $span } de espera
   *[other] { $n } lecturas, hasta { $span } de espera
}
reports-list-title = Accesos y lista de clases
reports-list-what = Compara lo marcado en la sala con lo registrado en los accesos.
reports-list-form = Comparar una lista
reports-list-file = Archivo CSV
reports-list-label = O la lista pegada aquí, con sus encabezados
reports-list-hint = Columnas: fecha, curso, alumno o RUN, y estado (P presente, T atrasado, A ausente). Un archivo puede traer un año de un curso; pegada desde la planilla caben unas 800 filas, un curso por un mes.
reports-list-send = Comparar
reports-list-kept = La lista no se guarda. Ninguno de los dos registros corrige al otro: cada diferencia es una pregunta para una persona.
reports-list-found = Resultado
reports-list-differences = { $n ->
    [one] diferencia
   *[other] diferencias
}
reports-list-compared = { $n ->
    [one] Se comparó { $n } fila.
   *[other] Se compararon { $n } filas.
}
reports-list-not-in-class = Ingresó y no estaba en la sala
reports-list-not-entered = Estaba en la sala sin registro de ingreso
reports-list-gate-unknown = Estaba en la sala y el acceso no tiene información
reports-list-unlisted = No aparecen en la lista
reports-list-problems = Filas que no se compararon
reports-list-row = fila { $row }
reports-list-marked = Lista: { $mark }
reports-marked-present = presente
reports-marked-late = atrasado
reports-marked-absent = ausente
reports-list-size = No se recibió ninguna fila, o son demasiadas. Nada se comparó.
reports-list-no-header = No se encontró la fila de encabezados: hacen falta fecha, curso, alumno o RUN, y estado. Nada se comparó.
reports-list-open-quote = Hay unas comillas que nunca se cierran. Nada se comparó.
reports-row-date = la fecha no se entiende
reports-row-mark = el estado no es presente, atrasado ni ausente
reports-row-pupil = falta el alumno, o su RUN no es válido
reports-row-unknown = no se encontró en ese curso ese día
reports-row-several = hay más de una persona con ese nombre en el curso
reports-row-dates = es de otro mes que el resto, o aún no ocurre
reports-row-repeated = ya estaba en una fila anterior

# Nuevo año escolar
year-title = Nuevo año escolar
year-link = Abrir un año escolar
year-what = Los mismos cursos con sus horarios, y cada alumno en el curso que sigue. Nada cambia antes del primer día de clases.
year-year = Año escolar
year-year-hint = El que comienza.
year-wrong = Tiene que ser este año o el próximo.
year-from = Primer día de clases
year-from-hint = Hasta el día anterior cada uno sigue en su curso de ahora.
year-from-wrong = Tiene que ser un día de ese año.
year-repeat = Quienes repiten curso
year-repeat-hint = RUN o IPE, uno por línea. Vacío si no repite nadie.
year-repeat-wrong = Alguna línea no es el RUN o IPE de un alumno de este colegio.
year-review = Ver qué pasaría
year-nothing = No hay cursos del año anterior que pasar: ya está hecho, o importe la nómina.
year-plan = Qué pasaría
year-pupils = alumnos pasan de año
year-begins = Desde el { $date } de { $year }.
year-leaving = { $n ->
    [one] 1 egresa: no hay curso que siga.
   *[other] { $n } egresan: no hay curso que siga.
}
year-unknown = No se sabe de qué nivel es { $course }: sus alumnos quedan donde están.
year-courses = Cursos { $year }
year-promoted = { $n ->
    [one] 1 pasa
   *[other] { $n } pasan
}
year-repeating = { $n ->
    [one] 1 repite
   *[other] { $n } repiten
}
year-there = { $n ->
    [one] 1 ya está
   *[other] { $n } ya están
}
year-nobody = Nadie todavía
year-week-copied = Con el horario del año anterior
year-week-own = Con su horario
year-week-none = Sin horario todavía
year-open = Abrir el año { $year }
year-left = alumnos por pasar todavía
year-going = Lo hecho está guardado. Si no sigue solo, toque el botón.
year-failed = { $n ->
    [one] 1 no se pudo pasar ahora.
   *[other] { $n } no se pudieron pasar ahora.
}
year-go-on = Seguir con { $year }
year-done = El año { $year } está listo.
year-old-open = Los cursos del año anterior siguen abiertos hasta el primer día de clases; después vuelva aquí para cerrarlos.
year-next = Importe después la nómina del año: mueve a quien tomó otro camino.
# Alumno: retiro anticipado, justificativo, corrección
nav-requests = Solicitudes
look-pupil = Día de un alumno
leave-title = Retiro anticipado
leave-who = Quién lo retira
leave-barred = { $who } tiene una restricción judicial: no puede retirarlo. Si se presenta, avise a la dirección.
leave-nobody = No hay personas autorizadas para retirar a este alumno. Primero hay que registrarlas en la nómina.
leave-no-number = (sin RUN registrado: revise un documento con foto)
leave-number = RUN o número del documento
leave-number-hint = Como aparece en la cédula que muestra la persona.
leave-seen = Revisé un documento con nombre y foto
leave-reason = Motivo del retiro
leave-authorise = Autorizar el retiro
leave-hand-over = Cuando el alumno salga con esa persona, anótelo aquí.
leave-gone = Ya salió
leave-stays = No se retira
justify-title = Justificativo
justify-open = Justificar este día
justify-reason = Causa
justify-accept = Justificar
correct-title = Corrección
correct-open = Corregir un registro de este día
correct-alone = La corrección vale de inmediato y queda anotado que no la revisó otra persona.
correct-second = La dirección debe aprobarla antes de que valga.
correct-do = Corregir
correct-ask = Pedir la corrección
correction-voids = Registro que no vale
correction-no-passage = Ninguno
correction-adds = Lo que falta
correction-nothing = Nada
correction-entry = Un ingreso
correction-exit = Una salida
correction-time = Hora
correction-reason = Motivo
correction-other-pupil = la tarjeta la usó otro alumno
correction-wrong-time = la hora no es correcta
correction-wrong-direction = era ingreso y no salida, o al revés
correction-did-not-happen = se registró y no ocurrió
correction-not-recorded = ocurrió y no se registró
correction-other = otro motivo
rejection-illegible = El documento no se lee.
rejection-no-document = Falta un documento.
rejection-not-of-this-day = No es de este día o de este alumno.
rejection-other = Por otro motivo.
acts-title = Lo que se hizo
act-kind-leave = Retiro anticipado
act-kind-justification = Justificativo
act-kind-correction = Corrección
act-authorised = autorizado, por salir
act-recorded = salió
act-cancelled = no se retiró
act-blocked = impedido, persona con restricción
act-submitted = presentado, por revisar
act-requested = solicitada, por revisar
act-waiting = por revisar
act-accepted = aceptado
act-approved = aprobada
act-approved-alone = hecha por la dirección, sin segunda persona
act-rejected = rechazado
act-leave = { $who }, a las { $time }: { $reason }.
act-justification = Causa: { $reason }.
act-because = Motivo: { $reason }.
act-voids = Un registro deja de valer.
act-adds-entry = Se agrega un ingreso a las { $time }.
act-adds-exit = Se agrega una salida a las { $time }.
act-told-authorised = Retiro autorizado.
act-told-gone = Quedó anotado que salió.
act-told-stays = El alumno se queda: el retiro quedó sin efecto.
act-told-justified = Quedó justificado.
act-told-rejected = Quedó rechazado.
act-told-requested = Corrección pedida. Falta que la apruebe la dirección.
act-told-corrected = Quedó corregido.
act-told-left = Quedó como estaba.
act-told-barred = Esa persona tiene una restricción judicial: no puede retirar al alumno. El intento quedó registrado y la dirección lo verá.
act-told-may-not = Esa persona no está autorizada.
act-told-identity = El documento no corresponde a esa persona, o falta indicar que se revisó. No se autorizó nada.
act-told-one-is-open = Ya hay un retiro autorizado para este alumno.
act-told-ended = Ya se había decidido. Revise cómo quedó.
act-told-already = Ese día ya está justificado.
act-told-too-many = No se pueden recibir más justificativos de ese día.
act-told-no-passage = Elija qué registro no vale o qué falta.
act-told-time = La hora no es válida para ese día.
act-told-note = La nota no se puede guardar: es muy larga o tiene caracteres extraños.
act-told-not-enrolled = Ese día el alumno no está en la matrícula.
act-told-no-adult = Elija a la persona que lo retira.
requests-title = Solicitudes
requests-blocked = Intentos de retiro impedidos
requests-waiting = Por revisar
barred-title = { $n ->
    [one] Hoy una persona con restricción judicial intentó retirar a un alumno.
   *[other] Hoy hubo { $n } intentos de retiro de personas con restricción judicial.
}
barred-see = Ver en Solicitudes
requests-leaving = Autorizados, por salir
requests-none = No hay solicitudes por revisar.
requests-accept = Aceptar
requests-reject = Rechazar
requests-approve = Aprobar
requests-take-back = Retirar la solicitud
family-justify = Justificar la ausencia o el atraso de hoy
family-justify-hint = El colegio lo revisa. Mientras tanto no cambia nada.
family-justify-send = Enviar al colegio
family-justify-sent = Lo recibimos. El colegio lo revisará.
family-justify-refused = No se pudo recibir: revise la nota, o el día ya está justificado.
pupil-open = Retiro y más
# Ajustes y simulación
nav-settings = Ajustes
look-simulation = Simulación de un mes
look-document = Documento de un justificativo
document-label = Documento (opcional)
document-hint = Una foto o un PDF, de hasta 8 MB. Se guarda cifrado y lo ve solo el personal del colegio.
document-open = Ver el documento ({ $kind }, { $kb } kB)
document-unfit = No se guardó nada: el archivo no es un PDF ni una foto JPG o PNG que se pueda leer.
document-too-large = No se guardó nada: el archivo es demasiado grande (hasta 8 MB y 32 millones de píxeles).
document-not-kept = No se guardó nada: los documentos no se pueden guardar en este momento. Inténtelo otra vez en unos minutos.
right-settings = cambiar los ajustes
problem-setting-out-of-range = Un ajuste está fuera de su límite.
problem-month-in-future = De ese mes no ha terminado ningún día.
problem-day-of-another-month = La fecha no está entre los días terminados del mes.
settings-title = Ajustes de la jornada
settings-done = Los ajustes quedaron guardados y valen desde hoy.
settings-done-same = Los ajustes ya eran esos. No se guardó nada nuevo.
settings-now = Hoy vale
settings-now-late = { $n ->
    [0] Un ingreso es atraso desde el primer minuto.
    [one] Un ingreso es atraso después de { $n } minuto.
   *[other] Un ingreso es atraso después de { $n } minutos.
}
settings-now-missing = { $n ->
    [0] Sin ingreso a la hora de entrada se avisa a la familia.
    [one] Sin ingreso { $n } minuto después de la hora de entrada se avisa a la familia.
   *[other] Sin ingreso { $n } minutos después de la hora de entrada se avisa a la familia.
}
settings-now-mass = Si falta a la vez más del { $n } % de un curso o del colegio, no se avisa a ninguna familia hasta que una persona lo revise.
settings-now-mass-never = Los avisos no se retienen por muchos que falten a la vez.
settings-now-stale = { $n ->
    [one] Pasado { $n } minuto desde ese límite, el aviso ya no sale solo.
   *[other] Pasados { $n } minutos desde ese límite, el aviso ya no sale solo.
}
settings-change = Probar otros ajustes
settings-from-today = Lo que se guarda vale desde hoy. Los días anteriores se siguen juzgando con lo que valía entonces.
settings-late = Minutos de tolerancia para el atraso
settings-late-hint = De 0 a 240.
settings-missing = Minutos hasta avisar que no hay ingreso
settings-missing-hint = De 0 a 240, desde la hora de entrada.
settings-mass = Porcentaje que retiene los avisos
settings-mass-hint = De 1 a 100. Con 100 nunca se retienen.
settings-stale = Minutos en que el aviso todavía es noticia
settings-stale-hint = De 1 a 600, desde que se debía avisar.
settings-minutes-wrong = Escriba un número de minutos entre 0 y 240.
settings-percent-wrong = Escriba un porcentaje entre 1 y 100.
settings-stale-wrong = Escriba un número de minutos entre 1 y 600.
settings-try = Probar con el mes elegido
settings-save = Guardar los ajustes
simulation-month = Mes con que se prueba
simulation-month-hint = Año y mes, por ejemplo 2026-10. Se usan los días que ya terminaron.
simulation-month-wrong = Escriba un año y un mes, por ejemplo 2026-10.
simulation-in-future = De ese mes no ha terminado ningún día todavía.
simulation-more = Probar también otra hora de entrada o un día sin clases
simulation-more-hint = Solo se prueban aquí. Se guardan en el horario del curso y en el calendario.
simulation-entry = Hora de entrada
simulation-entry-hint = La del primer bloque de cada día de la semana.
simulation-entry-wrong = Escriba una hora, por ejemplo 08:15.
simulation-course = Curso
simulation-all-courses = Todos los cursos
simulation-course-unknown = Ese curso no existe.
simulation-day-off = Día sin clases
simulation-day-off-hint = Una fecha del mismo mes.
simulation-another-month = Escriba una fecha del mes elegido que ya haya terminado.
simulation-title = Prueba con { $month } de { $year }
simulation-back = Volver a los ajustes
simulation-cancel = Cancelar
simulation-reading = Leyendo lo registrado…
simulation-progress = { $done } de { $all } días revisados
simulation-failed = La prueba no terminó. No se cambió nada. Inténtelo de nuevo.
simulation-tried-nothing = Sin cambios: así fue el mes.
simulation-tried-late = Tolerancia para el atraso: de { $before } a { $after } minutos
simulation-tried-missing = Límite para avisar: de { $before } a { $after } minutos
simulation-tried-mass = Porcentaje que retiene los avisos: de { $before } a { $after } %
simulation-tried-stale = Aviso todavía noticia: de { $before } a { $after } minutos
simulation-tried-entry = Entrada a las { $time } en todos los cursos
simulation-tried-entry-of = Entrada a las { $time } en { $course }
simulation-tried-off = Sin clases el { $date }
simulation-result = Resultado
simulation-no-days = En esos días no se esperaba a nadie: no hay nada que comparar.
simulation-pupils = { $n ->
    [one] alumno con algún día distinto
   *[other] alumnos con algún día distinto
}
simulation-flips = { $n ->
    [0] Ningún día de alumno contaría distinto, en { $days } días de clases.
    [one] { $n } día de alumno contaría distinto, en { $days } días de clases.
   *[other] { $n } días de alumnos contarían distinto, en { $days } días de clases.
}
simulation-notices = Avisos a las familias
simulation-what = Qué habría pasado
simulation-before = Con lo que valía
simulation-after = Con lo probado
simulation-told = Avisos enviados solos
simulation-held-mass = Retenidos: faltaban muchos a la vez
simulation-held-gate = Retenidos: un acceso sin noticias
simulation-held-stale = Retenidos: ya no eran noticia
simulation-notices-hint = Como si nadie del colegio hubiera intervenido, con lo que se sabía en cada momento. Un caso retenido lo ve primero una persona.
simulation-by-day = Día por día
simulation-same = Ningún día habría sido distinto.
simulation-day-flips = { $n ->
    [one] { $n } alumno distinto
   *[other] { $n } alumnos distintos
}
simulation-day-notices = Avisos: { $before } → { $after }
simulation-more-pupils = { $n ->
    [one] y { $n } alumno más
   *[other] y { $n } alumnos más
}
simulation-then = Después de mirar
simulation-set-day = Fijar el día sin clases en el calendario
simulation-set-schedule = La hora de entrada se cambia en el horario de cada curso, con su fecha de inicio.
simulation-from-to = { $before } → { $after }
simulation-o-not-expected = no se esperaba
simulation-o-in-time = a la hora
simulation-o-late = atrasado
simulation-o-absent = ausente
simulation-o-missing = sin ingreso
simulation-o-pending = por llegar
simulation-o-justified = justificado
simulation-o-unknown = sin información
### Quiénes están adentro y pase de lista
look-presence = Quiénes están adentro, con nombre
right-roll-call = pasar lista
problem-roll-call-not-found = No hay tal pase de lista.
problem-roll-call-ended = El pase de lista terminó.
presence-link = Quiénes están adentro y pase de lista
presence-title = Quiénes están adentro
presence-label = Cuántos están adentro
presence-inside = adentro
presence-unknown = { $n ->
    [one] de quien no se sabe: se lo espera y no tiene registro.
   *[other] de quienes no se sabe: se los espera y no tienen registro.
}
presence-silent = Accesos sin noticias: { $gates }.
presence-unknown-one = no se sabe
presence-went-out = salió por el acceso
presence-nobody = Según los accesos no hay nadie adentro.
presence-no-course = Sin curso hoy
presence-filter = Un curso
presence-all = Todos
roll-call = Pase de lista
roll-call-begin-means = Un pase de lista muestra a cada alumno que está adentro, para marcar quién está a salvo. Varias personas pueden marcar a la vez.
roll-call-begin-evacuation = Comenzar evacuación
roll-call-begin-drill = Comenzar simulacro
roll-call-drill-since = Simulacro desde las { $time }
roll-call-evacuation-since = Evacuación desde las { $time }
roll-call-of = de
roll-call-safe = a salvo
roll-call-progress = Cuántos están a salvo
roll-call-to-find = Por encontrar
roll-call-all-found = No falta nadie de los que se sabe que estaban adentro.
roll-call-found = A salvo
roll-call-mark = A salvo
roll-call-marked = Marcado
roll-call-undo = Deshacer
roll-call-end = Terminar
roll-call-end-means = Las marcas que un teléfono sin conexión envíe después se reciben igual.
roll-call-end-now = Terminar el pase de lista
roll-call-turn = Es una evacuación
roll-call-turn-means = Si dejó de ser un simulacro, se sigue con las mismas marcas.
roll-call-drill-ended = { $n ->
    [one] El simulacro de las { $from } terminó a las { $to }: un alumno a salvo.
   *[other] El simulacro de las { $from } terminó a las { $to }: { $n } alumnos a salvo.
}
roll-call-evacuation-ended = { $n ->
    [one] La evacuación de las { $from } terminó a las { $to }: un alumno a salvo.
   *[other] La evacuación de las { $from } terminó a las { $to }: { $n } alumnos a salvo.
}
roll-call-over = Pases de lista de hoy
roll-call-over-drill = Simulacro, de { $from } a { $to }
roll-call-over-evacuation = Evacuación, de { $from } a { $to }
roll-call-left = A quién no se encontró
roll-call-left-title = A quién no se encontró
roll-call-left-behind = Todavía se está reuniendo quiénes estaban adentro. Cargue la página de nuevo en unos segundos.
roll-call-left-nobody = Se encontró a todos los que se sabe que estaban adentro.
roll-call-left-inside = adentro al terminar y sin marcar
roll-call-left-safe = { $n ->
    [one] Un alumno fue marcado a salvo.
   *[other] { $n } alumnos fueron marcados a salvo.
}
roll-call-left-later = { $n ->
    [one] De uno de ellos se supo después.
   *[other] De { $n } de ellos se supo después.
}
roll-call-left-means = Según lo que los accesos habían dicho al terminar. Las marcas que un teléfono envió después cuentan a la hora en que se hicieron. Impresa, la lista trae una casilla junto a cada nombre.
roll-call-left-found = a salvo a las { $time }
roll-call-away = Sin conexión desde las {"{"}hora{"}"}: se muestra lo último que se supo, y las marcas quedan guardadas en este teléfono. No cierre esta página.
roll-call-signed-out = La sesión terminó. Las marcas quedan guardadas en este teléfono: vuelva a entrar y se envían solas.
roll-call-set-aside = {"{"}n{"}"} de las marcas de este teléfono no se pudieron registrar. Avise a quien lleva el pase de lista.
roll-call-one-waits = 1 marca por enviar
roll-call-some-wait = {"{"}n{"}"} marcas por enviar
roll-call-unknown-student = No se marcó: ese alumno no es del colegio.
roll-call-none = No se hizo: ese pase de lista no existe o ya terminó.
roll-call-kept-changing = No se hizo: varias personas marcaban a la vez. Intente de nuevo.

# Los horarios de los cursos.
schedule-all = Horarios de los cursos
schedule-all-have = Todos los cursos con alumnos tienen horario.
schedule-without = { $n ->
    [one] { $n } curso no tiene horario: no se espera a sus alumnos.
   *[other] { $n } cursos no tienen horario: no se espera a sus alumnos.
}
schedule-open = Ver su horario
schedule-back = Volver a los horarios
schedule-of = Horario de { $course }
schedule-now = Horario de hoy
schedule-since = Vale desde el { $date }.
schedule-none = Todavía no tiene horario: no se espera a nadie.
schedule-nobody = No se espera a nadie ningún día.
schedule-day-nobody = no se espera a nadie
schedule-closed = El curso está cerrado desde el { $date }: su horario ya no cambia.
schedule-slot = atraso desde { $late }, sin ingreso a las { $missing }
schedule-days = { $from } a { $to }
schedule-next = Otro horario desde el { $date }.
schedule-coming = Horarios ya fijados para después
schedule-from-date = Desde el { $date }
schedule-edit = Cambiar
schedule-change = Cambiar el horario
schedule-from = Desde qué día vale
schedule-from-hint = Lo anterior a ese día queda como estaba.
schedule-from-wrong = Escriba una fecha, por ejemplo 23-06-2026.
schedule-from-past = Tiene que ser hoy o después: los días que ya pasaron no cambian.
schedule-from-far = Tiene que ser dentro de un año a contar de hoy.
schedule-copy = Copiar el horario de otro curso
schedule-copy-of = Curso
schedule-copy-choose = Elija un curso
schedule-copy-do = Copiar al formulario
schedule-copied = Abajo está el horario de { $course }. Revíselo y guárdelo.
schedule-row = Tramo { $n }
schedule-row-more = Otro tramo (si lo hay)
schedule-row-days = Días de este tramo
schedule-row-remove = Quitar este tramo
schedule-entry = Entrada
schedule-exit = Salida
schedule-time-wrong = Escriba la hora, por ejemplo 08:00.
schedule-no-day = Marque al menos un día para este tramo.
schedule-turned = La salida va después de la entrada.
schedule-overlap = Se cruza con otro tramo del mismo día.
schedule-too-many = Son demasiados tramos: caben 35 en la semana.
schedule-course-unknown = Uno de los cursos ya no está abierto. No se hizo ningún cambio.
schedule-also = También para otros cursos
schedule-also-hint = Los que marque tendrán este mismo horario desde el mismo día.
schedule-ask = ¿Cambiar el horario desde el { $date }?
schedule-ask-today = Vale desde hoy: los atrasos y los sin ingreso de hoy se juzgan de nuevo con el horario nuevo.
schedule-ask-nobody = La semana queda vacía: no se esperará a nadie y nadie figurará sin ingreso.
schedule-ask-replaced = Reemplaza al horario que ya estaba fijado desde ese mismo día.
schedule-ask-next = Vale hasta el { $date }, cuando comienza otro horario ya fijado.
schedule-same = Ese día ya vale ese horario: no hay nada que cambiar.
schedule-same-of = Ya tienen ese horario:
schedule-pupils = { $n ->
    [one] { $n } alumno
   *[other] { $n } alumnos
}
schedule-before = antes
schedule-after = nuevo
schedule-sure = Sí, cambiarlo
schedule-edit-again = Volver a editar
schedule-done = El horario quedó fijado.

# Los alumnos del colegio.
find-title = Buscar alumno
find-label = Nombre o apellido
find-hint = Basta el comienzo de cada palabra, con o sin tildes.
find-send = Buscar
find-found = Alumnos encontrados
find-nobody = Nadie se llama así en este colegio.
find-in-no-course = Ya no está en el colegio
find-more = Hay más: escriba otra palabra.
admit-title = Matricular a un alumno
admit-what = Para quien no viene en la nómina.
admit-given = Nombres
admit-family = Apellidos
admit-run = RUN o IPE (opcional)
admit-run-hint = Con dígito verificador. Quien ya estuvo en el colegio vuelve a su misma ficha.
admit-from = Desde
admit-send = Matricular
admit-same = Ya hay un alumno con ese nombre en ese curso. Si es otro, escriba su RUN.
admit-taken = Ese RUN es de otro alumno matriculado.
file-title = Ficha del alumno
file-open = Ficha
file-day = Ver el día
file-course = Curso
file-choose = Elija un curso
file-since = desde el { $date }
file-from = Desde
file-gone-from = Retirado desde el { $date }.
file-again = Si vuelve al colegio:
file-move = Cambiar de curso
file-withdraw = Retirar del colegio
file-withdraw-what = Desde esa fecha no se le espera y su tarjeta no vale. Lo registrado se conserva.
file-adults = Apoderados
file-no-adults = Nadie está vinculado a este alumno.
file-another = Agregar una persona
file-another-what = Si ya está en el registro (por su RUN, o por su nombre y contacto) se usa su ficha, y no se cambian sus datos.
file-name = Nombre completo
file-phone = Teléfono (opcional)
file-link = Agregar
file-enrolled = Quedó matriculado. Su tarjeta se entrega aparte.
file-moved = Quedó anotado el cambio de curso.
file-withdrawn = Quedó anotado el retiro.
file-linked = La persona quedó vinculada.
file-linked-known = La persona ya estaba en el registro y quedó vinculada. Sus datos no cambiaron.
file-changed = Los permisos quedaron cambiados.
file-unlinked = La persona ya no está vinculada a este alumno.
file-same = Nada cambió.
file-wrong-date = Esa fecha no sirve: falta, o es anterior a la matrícula.
file-wrong-course = Elija un curso abierto en el que no esté ya.
file-gone = Este alumno ya está retirado.
file-wrong-name = Ese nombre no sirve: está vacío, es muy largo o tiene caracteres extraños.
file-wrong-run = Ese RUN o IPE no es válido.
file-wrong-contact = El teléfono o el correo no se pueden leer.
file-already-linked = Esa persona ya está vinculada: cambie sus permisos en la lista.
right-legend = Esta persona
right-legal = es apoderado legal
right-notify = recibe avisos
right-collect = puede retirarlo
right-view = puede ver su registro
right-restricted = tiene una medida judicial: no se acerca, no ve, no recibe avisos
right-restricted-what = La medida judicial vale por sobre todo lo demás, de inmediato.
right-change = Cambiar permisos
right-save = Guardar
right-unlink = Desvincular

progress-label = Avance
progress-of = { $done } de { $total }
list-title = Importar la nómina
list-what = La planilla que el colegio ya tiene, guardada como CSV. Primero se muestra qué cambiaría; nadie se retira ni se borra.
list-file = Archivo CSV
list-file-hint = Con al menos una columna de nombres y una de curso.
list-no-file = Elija un archivo.
list-no-list = El archivo no sirve: { $why }.
list-year-hint = Este año o el próximo.
list-from-hint = Primer día de las matrículas y cambios de curso nuevos.
list-review = Ver qué cambiaría
list-plan = Qué cambiaría
list-new = alumnos nuevos
list-changes = Cambios por fila
list-some = Se muestran { $listed } de { $n }.
list-write = { $n ->
    [one] Guardar { $n } fila
   *[other] Guardar { $n } filas
}
list-left = filas por guardar todavía
list-going = Lo hecho está guardado. Si no sigue solo, toque el botón.
list-failed = { $n ->
    [one] { $n } fila no se pudo guardar ahora: siga para intentarlo otra vez.
   *[other] { $n } filas no se pudieron guardar ahora: siga para intentarlo otra vez.
}
list-go-on = Seguir guardando
list-done = { $n ->
    [one] La nómina está guardada: { $n } fila.
   *[other] La nómina está guardada: { $n } filas.
}
list-next = Si se abrieron cursos, fije su horario
list-another = Importar otro archivo
shift = Jornada
shift-unsaid = Sin indicar
shift-morning = Mañana
shift-afternoon = Tarde
shift-full-day = Completa
shift-evening = Vespertina
open-title = Abrir un curso
open-what = Un curso más de este año o del próximo. Después fije su horario.
open-course-hint = Nivel y letra, como 1° Básico C, 3° Medio A o Kínder B.
open-send = Abrir el curso
open-taken = Ese curso ya existe con otro nombre, o está cerrado.
open-done = El curso está abierto. Fije su horario: sin él no se espera a nadie.
open-there = Ese curso ya estaba abierto.
open-changed = Los datos del curso quedaron cambiados.
open-details = Nombre y jornada
open-name = Cómo se llama
open-save = Guardar
open-wrong-name = Ese nombre no sirve: está vacío, es muy largo o tiene caracteres extraños.
schedule-undo = Mantener el horario anterior
file-correct = Corregir nombre o RUN
file-save = Guardar
file-contact = Corregir nombre o contacto
file-contact-what = Vale para todos sus pupilos. Con el correo entra al portal de las familias.
file-corrected = Los datos quedaron corregidos.
file-contact-changed = Se guardó el contacto.
file-card-new = La tarjeta nueva vale desde ahora. Su texto está abajo, para quien la imprime.
file-card-ended = La tarjeta quedó anulada.
file-run-taken = Ese RUN es de otro alumno.
file-person-taken = Esos datos son de otra persona del registro.
file-card-taken = Ese número no sirve: no se lee, ya es de otro alumno, o es de una tarjeta anulada.
cards-title = Tarjetas
cards-none = No tiene ninguna tarjeta vigente.
card-another = Entregar una tarjeta
card-another-what = Una tarjeta con QR, o un chip cuyo número se conoce.
card-chip = Número del chip (opcional)
card-chip-hint = Letras y números, como los muestra el lector: 04 C4 9A E1. Vacío: una tarjeta con QR.
card-issue = Entregar
card-qr = Tarjeta QR { $n }
card-nfc = Chip { $n }
card-text = Texto del QR
card-text-what = Es lo que el QR de la tarjeta dice: entrégueselo solo a quien la imprime. Quien lo tiene entra por este alumno.
card-end = Anular
card-why = Por qué
card-lost = Se perdió
card-damaged = Se dañó
card-replaced = Se cambia por otra
card-replace = Anular y entregar otra
open-wrong-course = Ese nivel no existe. Escríbalo como 1° Básico A, 4° Medio C, NT1 o Kínder A.

family-today = Ver hoy
family-no-taps-then = Ese día no hay ingresos ni salidas registrados.
family-before = Días anteriores
family-before-none = En las tres semanas anteriores no se le esperaba.
family-justify-then = Justificar la ausencia o el atraso de ese día
family-data = Descargar mis datos
family-data-what = Lo que el colegio guarda de usted y de sus pupilos, en un archivo.

progress-stop = Detener
progress-stop-what = Lo hecho queda guardado.
list-too-long = La lista es más larga que la de un colegio: revise que sea la nómina.
list-course-taken = Un curso de la lista ya existe con otro nombre o está cerrado. Revíselo en Horarios de los cursos y vuelva a intentarlo.
list-changed-meanwhile = Algo cambió en el registro desde que lo revisó. Mírelo otra vez: nada se ha guardado.
list-of-year = Año escolar { $year }, desde el { $from }.
list-not-all = { $n ->
    [one] { $n } fila no se guardó: vea por qué más abajo.
   *[other] { $n } filas no se guardaron: vea por qué más abajo.
}
import-later-year = este alumno ya está en un curso de un año posterior; revise el año de la lista
import-before-enrolment = la fecha es anterior a la matrícula o al último cambio de curso de este alumno; elija una posterior
open-others-name = Ese nombre es de otro curso: el nivel, la letra y la especialidad no se cambian. Si se abrió mal, abra el correcto.
file-changed-meanwhile = Alguien cambió estos datos mientras usted los veía. Revíselos y guarde de nuevo.

family-notices-title = Avisos que recibo
family-notices-of = Avisos sobre { $name }
family-notices-off = El colegio todavía no envía avisos por este sistema. Lo que elija valdrá desde que los envíe.
family-notices-not-told = El colegio no tiene anotado que se le avise de { $name }. Pídaselo al colegio; lo que elija aquí valdrá desde entonces.
family-notices-why = Si no cambia nada, le avisamos solo de lo que se sale de lo habitual. Así cada aviso merece leerse.
family-notices-corrections = Si un aviso resulta equivocado, la corrección le llega por donde le llegó el aviso.
family-notices-whatsapp-accept = Acepto que { $school } me escriba por WhatsApp
family-notices-whatsapp-what = Vale para todos sus pupilos de este colegio. Puede retirarlo aquí, o respondiendo BAJA.
family-notices-whatsapp-then-mail = Los avisos importantes llegan entonces por correo.
family-notices-no-phone = El colegio no tiene su teléfono. Pídale que lo anote para recibir avisos por WhatsApp.
family-notices-no-mail = El colegio no tiene su correo.
family-notices-kinds = Qué avisos quiere
family-notices-no-entry = No ingresó a la hora
family-notices-no-entry-none = Si quita todo, nadie le avisará cuando no haya ingreso.
family-notices-early-leave = Salió antes del término, o fue retirado
family-notices-late = Ingresó con atraso
family-notices-entry = Ingresó
family-notices-exit = Salió
family-notices-language = Idioma de los avisos
family-notices-language-es = Español
family-notices-language-en = Inglés
family-notices-save = Guardar
family-notices-saved = Guardado. Vale desde ahora.
family-notices-saved-silent = Guardado. No recibirá aviso si no hay ingreso de { $name }.
family-notices-to-pupil = Volver a { $name }

cases-notices = Qué pasó con los avisos de este día
notices-title = Avisos a las familias
notices-off = Este sistema no envía avisos: ni el correo ni WhatsApp están encendidos. Lo enciende quien administra el servidor.
notices-channels = Canales
notices-sends = Envía
notices-sandbox = Anota los avisos y no los envía (prueba)
notices-paused = En pausa desde las { $time }: { $why }
notices-paused-what = Lo que espera y todavía es noticia saldrá al reanudarlo; las alarmas van mientras tanto por el otro canal.
notices-quiet = En silencio: la base de datos se restauró. Quien la restauró lo reanuda, cuando haya visto qué espera.
notices-template-paused = Sin enviar: «{ $what }», porque Meta no acepta la plantilla
notices-resume = Reanudar { $channel }
notices-resume-by = El canal es de todos los colegios de este sistema: lo reanuda quien puede en todos, o quien administra el servidor.
notices-resumed = Reanudado. Si la causa sigue, se pondrá en pausa otra vez.
notices-resumed-nothing = No estaba en pausa.
notices-due = Esperan desde hace { $ago }
notices-due-none = Nada espera
notices-to-call = { $n ->
    [one] Una alarma de la que no consta que alguien se enterara: hay que llamar. Está en Casos.
   *[other] { $n } alarmas de las que no consta que alguien se enterara: hay que llamar. Están en Casos.
  }
notices-day = Qué pasó con los avisos
notices-none = Ese día no hubo avisos.
notices-kind = Aviso
notices-waiting = Por salir
notices-accepted = Recibido por el canal
notices-delivered = En el teléfono
notices-unknown = No se sabe
notices-failed = No llegó
notices-suppressed = No se envió
notices-words = «Recibido por el canal» es lo último que se sabe de un correo. «No se sabe»: la respuesta se perdió en el camino.
notices-failures = Por qué no
notices-reason = Motivo
notices-count = Avisos
notices-code = código { $code }
notices-kind-entry = Ingresó
notices-kind-exit = Salió
notices-kind-no-entry = No ingresó
notices-kind-late = Ingresó con atraso
notices-kind-early-leave = Salió antes, o fue retirado
notices-kind-correction = Corrección
notices-kind-broadcast = Comunicado
notices-channel-whatsapp = WhatsApp
notices-channel-email = Correo
notices-why-token = la clave de WhatsApp venció
notices-why-permission = Meta no lo permite
notices-why-account = la cuenta de WhatsApp está bloqueada
notices-why-payment = falta el pago a Meta
notices-why-password = el servidor de correo no acepta la clave
notices-why-template = Meta no acepta la plantilla
notices-why-recipient = esa dirección o ese teléfono no recibe por este canal
notices-why-program = el canal no entendió el mensaje: es un error de este sistema
notices-why-put-off = el canal pidió esperar demasiadas veces
notices-why-unreachable = no se pudo llegar al canal
notices-why-came-back = volvió
notices-why-not-true = ya no era cierto
notices-why-acknowledged = una persona ya lo estaba viendo
notices-why-no-right = a esa persona no se le avisa de este alumno
notices-why-no-pupil = el alumno ya no está en el colegio
notices-why-no-guardian = los datos de la persona se borraron
notices-why-not-wanted = la persona no lo quiere
notices-why-no-address = no hay dirección ni teléfono
notices-why-expired = ya no era noticia
notices-why-told = ya se había avisado por otro camino
notices-why-other = otro motivo ({ $code })

# Comunicados
nav-broadcasts = Comunicados
right-broadcasts = escribir a muchas familias
broadcasts-title = Comunicados
broadcasts-what = Mensajes del colegio a muchas familias. Antes de enviar se ve a cuántas personas llega, por dónde, y a quién no.
broadcasts-new = Nuevo comunicado
broadcasts-none = Todavía no hay comunicados.
broadcasts-older = Anteriores
broadcast-to = Para
broadcast-to-school = Todo el colegio
broadcast-to-levels = Los niveles que marque
broadcast-to-courses = Los cursos que marque
broadcast-to-pupils = La familia de { $names }
broadcast-to-this-family = Escribir a su familia
broadcast-courses = Cursos
broadcast-levels = Niveles
broadcast-role = Quiénes
broadcast-role-told = Apoderados a quienes se avisa
broadcast-role-legal = Solo representantes legales
broadcast-role-collect = Solo quienes pueden retirar al alumno
broadcast-subject = Asunto
broadcast-longest = Hasta { $n } caracteres.
broadcast-text = Mensaje
broadcast-text-hint = Hasta { $n } caracteres. No escriba datos de salud ni nombres de alumnos: lo leen muchas familias.
broadcast-when = Cuándo sale
broadcast-when-hint = Vacío: en cuanto se apruebe. La hora es la del colegio.
broadcast-at-once = En cuanto se apruebe
broadcast-whatsapp = WhatsApp
broadcast-whatsapp-too = También por WhatsApp, a quienes lo eligieron para comunicados
broadcast-whatsapp-what = Meta lo cobra como publicidad. Por WhatsApp va el asunto; el texto se lee en la página de familias.
broadcast-look = Ver a quién llega
broadcast-look-what = Todavía no se envía nada.
broadcast-text-wrong = Escriba un asunto y un mensaje, dentro del largo permitido.
broadcast-audience-wrong = Elija a quién va: marque al menos un curso o un nivel.
broadcast-time-wrong = Esa hora ya pasó, o está a más de un año.
broadcast-saved = Guardado. Todavía no se envía.
broadcast-approved = Aprobado. Sale a su hora.
broadcast-cancelled = Anulado. Lo que no había salido ya no sale.
broadcast-goes-on = Sigue.
broadcast-needs-another = No se envió: a tantas personas debe aprobarlo alguien distinto de quien lo escribió.
broadcast-changed = No se envió: alguien lo cambió después de que usted lo vio. Léalo de nuevo.
broadcast-nobody = No llegaría a nadie.
broadcast-goes-out = Ya no se puede cambiar: está aprobado o ya salió.
broadcast-was-cancelled = Ya estaba anulado.
broadcast-drafted = Sin aprobar
broadcast-waits = Aprobado, espera su hora
broadcast-started = { $n ->
    [one] Saliendo, a { $n } persona
   *[other] Saliendo, a { $n } personas
}
broadcast-completed = { $n ->
    [one] Terminado, a { $n } persona
   *[other] Terminado, a { $n } personas
}
broadcast-is-cancelled = Anulado
broadcast-stands-still = Detenido: la base de datos se restauró
broadcast-quiet = Puede haber salido ya, antes de la restauración: quien lo recibió lo recibiría otra vez.
broadcast-go-on = Dejar que siga
broadcast-written = El mensaje
broadcast-erased = (borrado)
broadcast-people = { $n ->
    [one] { $n } persona
   *[other] { $n } personas
}
broadcast-by = { $n } por { $channel }
broadcast-not = { $n } sin mensaje: { $why }
broadcast-not-sent = Sin mensaje: { $why }
broadcast-why-not-wanted = no quiere comunicados por ese canal
broadcast-why-no-address = el colegio no tiene su dirección
broadcast-why-no-channel = el colegio no envía por su canal
broadcast-why-no-guardian = ya no está en el registro
broadcast-cost = WhatsApp costaría cerca de USD { $usd }, según la tarifa de Meta para Chile de octubre de 2026.
broadcast-portal = Todas lo leen además en la página de familias, si pueden ver al alumno.
broadcast-approve = { $n ->
    [one] Aprobar y enviar a { $n } persona
   *[other] Aprobar y enviar a { $n } personas
}
broadcast-waits-for-another = A más de { $n } personas lo aprueba alguien distinto de quien lo escribió: pídaselo a otra persona de dirección.
broadcast-edit = Cambiar
broadcast-cancel = Anular
broadcast-cancel-what = Lo que ya salió no se puede recoger.
broadcast-none-went = No salió a nadie.
broadcast-results = Descargar resultados
broadcast-column-guardian = Apoderado
broadcast-column-pupil = Alumno
broadcast-column-channel = Canal
broadcast-column-outcome = Qué pasó
broadcast-column-since = Desde
broadcast-column-people = Personas
family-broadcasts = Comunicados del colegio
family-broadcasts-none = El colegio no le ha escrito.
family-broadcast-taken-back = El colegio anuló este comunicado
family-notices-broadcast = Comunicados del colegio
# Una página de la demostración sola: lo que muestran los teléfonos y buzones inventados.
demo-phones-title = Teléfonos y correos de la demostración
demo-phones-what = Lo que ven las familias, que son inventadas: nada de esto sale de este computador. La página se actualiza sola cada cinco segundos.
demo-phones-counts = { $n ->
    [one] Un mensaje
   *[other] { $n } mensajes
  }: { $once } llegaron una sola vez, { $doubled } llegaron de nuevo
demo-phones-none = Todavía no llega nada. Los avisos de no ingreso salen un cuarto de hora después de la hora de entrada.
demo-phones-phones = Teléfonos con WhatsApp
demo-phones-mailboxes = Buzones de correo
demo-phones-sent = Enviado
demo-phones-delivered = Entregado
demo-phones-read = Leído
